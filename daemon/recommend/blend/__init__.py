"""All families together: candidates of each, one ranking of them, what the DJ said, and a list that is not all of a kind."""
