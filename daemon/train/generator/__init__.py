"""Trains the networks that generate: the pieces they learn from, the networks, and their way into ONNX."""
