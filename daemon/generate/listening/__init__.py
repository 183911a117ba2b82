"""Listening: what a performer plays becomes notes on the beat grid, phrases, and the context of what comes next."""
