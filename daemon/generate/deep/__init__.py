"""Generators that are networks, run by ONNX Runtime on one thread."""
