"""Open Sound Control: what is sent, what is taken, and where it stands in the address tree."""
