"""Numba is told where compiled code is kept before anything loads it."""

import daemon  # noqa: F401
