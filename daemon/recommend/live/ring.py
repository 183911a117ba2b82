"""The newest sound of the engine, read from memory that the engine writes without waiting for anybody."""

import mmap
from typing import NamedTuple

import numpy as np

from daemon.recommend.live.link import Place

MARGIN = 16384  # samples that the engine may be about to overwrite


class Piece(NamedTuple):
    """Sound that follows what was read before, unless it is `fresh`: then some was missed, or it is another stream's."""

    sound: np.ndarray  # float32, mono
    start: int  # its first sample's sample_time
    fresh: bool


class Ring:
    """[worker]"""

    def __init__(self, place: Place) -> None:
        """Map the memory, to read only."""
        whole = mmap.mmap(place.fd, place.size, prot=mmap.PROT_READ)
        n = place.capacity
        self._samples = np.frombuffer(whole, np.float32, 2 * n, place.samples).reshape(2, n)
        self._count = np.frombuffer(whole, np.int64, 1, place.count)
        self._epoch = np.frombuffer(whole, np.int64, 1, place.epoch)
        self._capacity = n
        self._read, self._stream = -1, -1
        self.lost = 0  # samples overwritten before they were read

    def read(self) -> Piece:
        """All that is new since the last call; what the engine overwrote meanwhile is left out and counted."""
        epoch, count = int(self._epoch[0]), int(self._count[0])
        fresh = epoch != self._stream or count < self._read or self._read < 0
        start = max(0, count - self._capacity + MARGIN) if fresh else self._read
        oldest = count - self._capacity + MARGIN
        if start < oldest:
            self.lost += oldest - start
            start, fresh = oldest, True
        where = np.arange(start, count) & (self._capacity - 1)
        sound = 0.5 * (self._samples[0, where] + self._samples[1, where])
        now = int(self._count[0])
        if int(self._epoch[0]) != epoch or now < count:  # another stream began while this was copied
            self._read = -1
            return Piece(sound[:0], now, True)
        torn = min(len(sound), max(0, now - self._capacity - start))
        if torn:
            self.lost += torn
            start, fresh = start + torn, True
        self._read, self._stream = count, epoch
        return Piece(sound[torn:], start, fresh)
