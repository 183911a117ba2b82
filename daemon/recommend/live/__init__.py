"""The recommender while people play: what sounds now, the session that comes of it, and what could be played next.

All of it is in a process of its own (`process`); the daemon's side of that is `worker`, which never waits.
"""
