"""A small library that jamd writes, plays and renders itself, so that `jamd demo` has something to suggest."""
