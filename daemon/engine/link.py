"""The link between daemon and engine: shared memory for the record, an eventfd to wake, a pipe for what was said.

The engine's end says one JSON line per change: {"engine": "running" | "lost" | "failed" | "ended", ...}.
"""

import contextlib
import json
import mmap
import os
import tempfile

import numpy as np

from daemon.engine.state import STATE

FAILED, LOST, ENDED = 3, 4, 0
"""Exit codes of the engine process: could not open, the device went away, the source is at its end."""


class Memory:
    """The record in memory both processes see; `fd` is passed on to the engine. [main]"""

    def __init__(self, fd: int = -1) -> None:
        """Make it, or with `fd` map what the parent made."""
        if fd < 0:
            fd = os.memfd_create("jamd") if hasattr(os, "memfd_create") else _unnamed_file()
            os.ftruncate(fd, STATE.itemsize)
        self.fd = fd
        self._map = mmap.mmap(fd, STATE.itemsize)
        self.state = np.frombuffer(self._map, STATE, 1)

    def close(self) -> None:
        """Give the file back; the mapping lives as long as an array looks at it."""
        os.close(self.fd)


def _unnamed_file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Wake:
    """What the callback writes to and the daemon waits on: an eventfd, or a pipe where there is none. [main]"""

    def __init__(self) -> None:
        if hasattr(os, "eventfd"):
            self.read_fd = self.write_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self.read_fd, self.write_fd = os.pipe()
            os.set_blocking(self.read_fd, False)
            os.set_blocking(self.write_fd, False)

    def clear(self) -> None:
        """Take all wake-ups that came. [main]"""
        with contextlib.suppress(BlockingIOError):
            os.read(self.read_fd, 4096)

    def close(self) -> None:
        """Give the descriptors back."""
        for fd in {self.read_fd, self.write_fd}:
            os.close(fd)


def say(fd: int, **what: object) -> None:
    """Write one JSON line, whole; to nobody where the daemon has gone. [main]"""
    with contextlib.suppress(BrokenPipeError):
        os.write(fd, json.dumps(what).encode() + b"\n")
