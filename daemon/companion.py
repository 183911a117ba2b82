"""A process that works beside the daemon: how it is started, heard, found dead or hanging, and ended.

What it is told when it starts, and when it is started again, is for its owner. Nothing here waits for it, but `close`.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from daemon.packets import PACKET, pair, tell

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""What comes on top of what a process is to do would only stand in the sound's way."""

DIES_S = 0.3  # a process that is killed is waited for so long
SETTLED_S = 60.0  # after so long a life the next begins as soon as the first did


class Companion:
    """One process at a time, of one module. [main]"""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        passed: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing runs yet. Its first argument is its end of the socket; `passed`: descriptors that it inherits, too."""
        self.socket, self._far = pair()  # `socket` is readable when it has said something
        self._command = [sys.executable, "-m", module, str(self._far.fileno()), *arguments]
        self._passed = [self._far.fileno(), *passed]
        self.environment = {**os.environ, **(environment or {})}  # of the next process
        self._process: subprocess.Popen[bytes] | None = None
        self._left: list[subprocess.Popen[bytes]] = []  # killed, and not dead yet
        self.heard_at = self.born_at = 0.0  # CLOCK_MONOTONIC s
        self.start_at = 0.0  # when the next may be started, after a `lose`
        self._again_s = 0.0

    @property
    def pid(self) -> int:
        """Its id; 0 while there is none."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """A new process; what the last one had not read is not for it."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._far.recv(PACKET)
        self._process = subprocess.Popen(
            self._command, pass_fds=self._passed, stdin=subprocess.DEVNULL, env=self.environment
        )
        self.heard_at = self.born_at = time.monotonic()

    def tell(self, packet: msgspec.Struct) -> bool:
        """Send it a packet; False: it does not read, or the packet is too large."""
        return tell(self.socket, packet)

    def said(self) -> Iterator[bytes]:
        """The packets that it has sent, also those of one that has ended."""
        with contextlib.suppress(BlockingIOError):
            while packet := self.socket.recv(PACKET):
                self.heard_at = time.monotonic()
                yield packet

    def code(self) -> int | None:
        """What it ended with; None while it runs. There must be one."""
        assert self._process is not None
        return self._process.poll()

    def end(self) -> None:
        """There is none any more, whatever it did; one that waits for a disk dies when that answers, if ever."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(DIES_S)
            self._left = [one for one in (*self._left, self._process) if one.poll() is None]
            self._process = None

    def lose(self, least_s: float, most_s: float) -> None:
        """It has died or hangs: end it, and let the next wait, twice as long each time that one has not settled."""
        now = time.monotonic()
        is_settled = now - self.born_at > SETTLED_S
        self._again_s = least_s if is_settled else min(most_s, 2 * max(self._again_s, least_s))
        self.start_at = now + self._again_s
        self.end()

    def close(self, patience_s: float) -> None:
        """Let it end by itself for so long, then end it. Safe when closed."""
        if self.socket.fileno() < 0:
            return
        with contextlib.suppress(OSError):
            self.socket.shutdown(1)  # SHUT_WR: what it has to say is still heard
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        self.end()
        self.socket.close()
        self._far.close()


def how(code: int | None) -> str:
    """In words, what a process did that ended with `code`, or had to be ended (None)."""
    if code is None:
        return "hung"
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
