"""What `jamd top` shows: the facts of a daemon that is followed, and the panels they are drawn in."""
