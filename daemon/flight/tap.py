"""The recorder's tap: the engine's newest input and output, in memory that it writes and waits for nobody."""

import mmap
from typing import NamedTuple

import numpy as np

from daemon.flight.link import Place

MARGIN = 16384  # samples that the engine may be about to overwrite: more than its largest block


class Part(NamedTuple):
    """Sound from sample `first` of a stream on."""

    epoch: int
    rate: int
    channels: int  # of the input
    first: int
    samples: np.ndarray  # float32 (n, 4): input left, right, output left, right

    @property
    def end(self) -> int:
        return self.first + len(self.samples)


class Tap:
    """[main] of the recorder."""

    def __init__(self, place: Place) -> None:
        whole = mmap.mmap(place.fd, place.size, prot=mmap.PROT_READ)
        n = self._capacity = place.capacity
        self._input, self._output = (
            np.frombuffer(whole, np.float32, 2 * n, offset).reshape(2, n)
            for offset in (place.capture, place.played_back)
        )
        self._count, self._epoch, self._channels = (
            np.frombuffer(whole, np.int64, 1, offset) for offset in (place.count, place.epoch, place.channels)
        )
        self._rate = np.frombuffer(whole, np.float64, 1, place.rate)
        self._of, self._read = -1, 0  # epoch, and samples of it that were read

    def go_on(self, epoch: int, count: int) -> None:
        """So much of a stream is there already."""
        self._of, self._read = epoch, count

    def read(self) -> Part | None:
        """What is new; where that was too much for the ring, what is left of it. None: nothing."""
        epoch, count, rate = int(self._epoch[0]), int(self._count[0]), int(self._rate[0])
        first = self._read if epoch == self._of and self._read <= count else 0
        first = max(first, count - self._capacity + MARGIN)
        if count <= first or rate <= 0:
            return None
        samples = np.empty((count - first, 4), np.float32)
        where = np.arange(first, count) & (self._capacity - 1)
        samples[:, :2], samples[:, 2:] = self._input[:, where].T, self._output[:, where].T
        channels, after = int(self._channels[0]), int(self._count[0])
        if int(self._epoch[0]) != epoch or after < count:
            return None  # another stream has begun meanwhile
        overwritten = max(0, after - self._capacity + MARGIN - first)
        self._of, self._read = epoch, count
        return Part(epoch, rate, channels, first + overwritten, samples[overwritten:])
