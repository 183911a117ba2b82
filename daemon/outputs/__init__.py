"""Outputs: one file each. An output takes plain arguments, is handed messages by the bus, and never blocks it."""
