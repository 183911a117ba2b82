"""Where the leading transport is, for the plugins: what the daemon says, read in the callback at each block.

Two slots and a counter: the slot being written is not the one that was published, so the callback never sees half of what
was said. Should the daemon publish twice while it reads, it reads again.
"""

import ctypes

import numpy as np

from daemon.native import load_acquire
from dsp.kernel import inline, offset_of
from dsp.native import address_of

BEAT, RATE = 1 << 32, 1 << 52
"""What a slot's integers count: parts of a beat, and of a beat a sample. Integers, because their loads can be ordered."""

SLOT = np.dtype([("at", np.int64), ("beat", np.int64), ("rate", np.int64)], align=True)
"""At sample `at` the song is on `beat` and goes on at `rate`; a rate of 0: nobody leads."""

HOST_TIME = np.dtype([("count", np.int64), ("slots", SLOT, (2,))], align=True)
"""The newest slot is that of `count` modulo 2; 0: nothing was said."""

TRIES = 4

_COUNT, _SLOTS, _SLOT = (
    np.uint64(n) for n in (offset_of(HOST_TIME, "count"), offset_of(HOST_TIME, "slots"), SLOT.itemsize)
)
_AT, _BEAT, _RATE = (np.uint64(offset_of(SLOT, name)) for name in ("at", "beat", "rate"))


@inline
def read(host_time):
    """(sample, beat, beats a sample) of the newest slot; (-1, 0, 0): the daemon was too quick, each time. [audio]"""
    base = address_of(host_time)
    count = load_acquire(base + _COUNT)
    for _ in range(TRIES):
        if count == 0:
            return 0, 0.0, 0.0
        slot = base + _SLOTS + np.uint64(count & 1) * _SLOT
        at, beat, rate = load_acquire(slot + _AT), load_acquire(slot + _BEAT), load_acquire(slot + _RATE)
        again = load_acquire(base + _COUNT)
        if again == count:
            return at, beat / BEAT, rate / RATE
        count = again
    return -1, 0.0, 0.0


@inline
def tell(s):
    """Tell the plugins where the transport is at the block's first sample, where one leads. [audio]"""
    at, beat, rate = read(s.host_time)
    if at < 0:  # a block's time later what was said before still holds
        return
    s.is_led = rate > 0.0
    if rate > 0.0:
        s.block.tempo_bpm = rate * s.rate * 60.0
        s.block.beats = beat + (s.sample_time - at) * rate


class HostTime:
    """The daemon's end, while an engine runs. One writer. [main]"""

    def __init__(self, state: np.ndarray) -> None:
        """`state` is the record, shape (1,)."""
        self._host_time = state["host_time"][0]
        offset = int(state.dtype.fields["host_time"][1]) + int(_COUNT)  # type: ignore[index]
        self._count = ctypes.c_int64.from_address(state.ctypes.data + offset)

    def lead(self, at: int, beat: float, rate: float) -> None:
        """The song is on `beat` at sample `at` and goes on at `rate` beats a sample, above 0."""
        count = self._count.value + 1
        self._host_time["slots"][count & 1] = (at, round(beat * BEAT), round(rate * RATE))
        self._count.value = count

    def release(self) -> None:
        """Nobody leads: the plugins are told what the analysis finds."""
        if self._count.value and self._host_time["slots"][self._count.value & 1]["rate"]:
            self.lead(0, 0.0, 0.0)
