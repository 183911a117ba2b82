"""Requests and their replies. Floor: knows daemon.errors only; app.py says what a request does."""
