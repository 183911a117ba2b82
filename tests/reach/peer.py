"""A program of another's beside jamd, and what it says."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class Peer:
    """A process whose output goes to a file."""

    def __init__(self, log: Path, command: Sequence[str], **environment: str) -> None:
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=os.environ | environment
            )

    @property
    def said(self) -> list[str]:
        """All lines so far."""
        return self._log.read_text(errors="replace").splitlines()

    def wait(self, holds: Callable[[list[str]], object], seconds: float = 60.0) -> list[str]:
        """Wait until something holds of what it has said, and give that."""
        ends_at = time.monotonic() + seconds
        while not holds(said := self.said):
            assert self._process.poll() is None, f"it has ended: {said[-5:]}"
            assert time.monotonic() < ends_at, f"still not so after {seconds} s: {said[-20:]}"
            time.sleep(0.05)
        return said

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """A UDP port that nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
