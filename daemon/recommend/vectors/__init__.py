"""Nearest neighbours among the items' vectors: exact on this machine, or on a server that many booths share."""
