"""jamd: a low-latency audio plugin host daemon that listens while people play, and plays along."""

__version__ = "0.1.0"

from daemon import native_cache

native_cache.use()
