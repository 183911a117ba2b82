"""`jamd ctl`: a running daemon told what to do from a shell. Knows nothing of the daemon but its control socket."""
