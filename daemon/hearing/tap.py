"""The tap: the engine's newest input, in memory that it writes and waits for nobody."""

import mmap
from typing import NamedTuple

import numpy as np

from daemon.hearing.link import Place

MARGIN = 16384  # samples that the engine may be about to overwrite: more than its largest block


class Now(NamedTuple):
    """How far the stream is."""

    epoch: int
    n: int  # samples so far
    rate: float  # Hz; 0: there is none


class Tap:
    """[main] of the process that hears."""

    def __init__(self, place: Place) -> None:
        whole = mmap.mmap(place.fd, place.size, prot=mmap.PROT_READ)
        self._mask = place.capacity - 1
        self._sound = np.frombuffer(whole, np.float32, 2 * place.capacity, place.capture).reshape(2, place.capacity)
        self._count, self._epoch = (np.frombuffer(whole, np.int64, 1, at) for at in (place.count, place.epoch))
        self._rate = np.frombuffer(whole, np.float64, 1, place.rate)

    def now(self) -> Now:
        """The epoch twice, for the engine that ends may be followed by another meanwhile."""
        epoch = int(self._epoch[0])
        found = Now(epoch, int(self._count[0]), float(self._rate[0]))
        return found if int(self._epoch[0]) == epoch else Now(epoch, 0, 0.0)

    def oldest(self, count: int) -> int:
        """The first sample that is still there when so many were written."""
        return max(0, count - (self._mask + 1) + MARGIN)

    def read(self, epoch: int, first: int, end: int) -> np.ndarray | None:
        """Samples [first, end) of a stream, float32 (2, n). None: they are not there any more."""
        block = self._sound[:, np.arange(first, end) & self._mask]
        now = self.now()
        return block if now.epoch == epoch and end <= now.n and first >= self.oldest(now.n) else None
