"""What a running jamd's callback had of some seconds, from its heartbeats."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import zmq

from daemon import messages as m
from daemon.bench.serve_load import ServeBenchError
from daemon.listen import decode, subscribe

PATIENCE_S = 120.0


class Watch:
    """[main]"""

    def __init__(self, address: str) -> None:
        """Waits until it beats. Raises ServeBenchError."""
        self._socket: zmq.Socket = subscribe(address, [m.topic("heartbeat")])
        self._next()

    def settle(self) -> None:
        """Until two seconds have passed in which nothing happened to the sound, at most ten."""
        before = self._next()
        for _ in range(5):
            after = self._second(2)
            if (after.xruns, after.late_blocks) == (before.xruns, before.late_blocks):
                return
            before = after

    @contextlib.contextmanager
    def counted(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Blocks, late ones and xruns of what is done within, and of `seconds` more; filled when it is left."""
        found: dict[str, Any] = {}
        before = self._next()
        yield found
        after = self._second(max(1, round(seconds)))
        found |= {name: getattr(after, name) - getattr(before, name) for name in ("blocks", "late_blocks", "xruns")}
        found["work_p99_us"] = _p99(before.work_histogram, after.work_histogram)

    def _second(self, n: int) -> m.Heartbeat:
        """The n-th heartbeat from now on; they come once a second."""
        for _ in range(n - 1):
            self._next()
        return self._next()

    def _next(self) -> m.Heartbeat:
        """The first that comes from now on."""
        while self._socket.poll(0):
            self._socket.recv_multipart()
        ends_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_at:
            if self._socket.poll(500):
                message = decode(self._socket.recv_multipart())
                if isinstance(message, m.Heartbeat) and message.blocks and not message.replay:
                    return message
        raise ServeBenchError("the daemon does not say how it fares; try `jamd run` by hand")


def _p99(before: list[list[float]], after: list[list[float]]) -> float:
    """The bound below which 99 % of the blocks between two histograms lie; -1: beyond all bounds."""
    counts = {row[0]: row[1] for row in before}
    new = [(below, count - counts.get(below, 0.0)) for below, count in after]
    wanted, seen = 0.99 * sum(count for _, count in new), 0.0
    for below, count in new:
        seen += count
        if seen >= wanted:
            return below
    return -1.0
