"""What other programs know of a library: one reader a program, each a function of a path that gives a `Record`."""
