"""The one place where `sample_time` becomes a time of day, and back.

`sample_time` s lies at the moment the block that begins with s was handed to the callback, smoothed by the
delay-locked loop of `dsp.dll`; the sound itself entered the device earlier by its input latency and one block. JACK and
Ableton Link count in CLOCK_MONOTONIC_RAW, people in CLOCK_REALTIME, Python and jamd in CLOCK_MONOTONIC: `offsets` says
how far they are apart now (they drift, so do not keep it for long).
"""

import time
from typing import NamedTuple

import numpy as np

_READS = 8  # a torn record is whole again within nanoseconds
_WHOLE_S = 1e-6  # a record's parts agree to this
_RAW = getattr(time, "CLOCK_MONOTONIC_RAW", time.CLOCK_MONOTONIC)


class Offsets(NamedTuple):
    """What to add to a CLOCK_MONOTONIC time, in ns."""

    realtime_offset_ns: int
    raw_offset_ns: int


class _Line(NamedTuple):
    sample: int
    time_s: float
    period_s: float


class Clock:
    """Reads the line of a running engine's record; answers None while there is none. [main]"""

    def __init__(self, state: np.ndarray) -> None:
        """`state` is a record of `daemon.engine.state.STATE`, shape (1,), that another process may be writing."""
        self._dll = state["dll"]
        self._last: _Line | None = None

    def monotonic_ns(self, sample_time: float) -> int | None:
        """When, in CLOCK_MONOTONIC, a sample was or will be handed over."""
        line = self._line()
        return None if line is None else round((line.time_s + (sample_time - line.sample) * line.period_s) * 1e9)

    def sample_time(self, monotonic_ns: int) -> int | None:
        """The sample that is handed over at a CLOCK_MONOTONIC time: what stamps a MIDI message onto the timeline."""
        line = self._line()
        return None if line is None else line.sample + round((monotonic_ns * 1e-9 - line.time_s) / line.period_s)

    def wall_ns(self, sample_time: float) -> int | None:
        """When, in ns since 1970, a sample was or will be handed over."""
        at = self.monotonic_ns(sample_time)
        return None if at is None else at + offsets().realtime_offset_ns

    def _line(self) -> _Line | None:
        """The newest whole line. The writer stores field by field, so a record whose parts disagree is read again."""
        for _ in range(_READS):
            sample, time_s, period_s, origin_s = self._dll[0].item()
            if period_s == 0.0:
                self._last = None
                break
            if abs(time_s - sample * period_s - origin_s) < _WHOLE_S:
                self._last = _Line(sample, time_s, period_s)
                break
        return self._last


def offsets() -> Offsets:
    """CLOCK_REALTIME and CLOCK_MONOTONIC_RAW against CLOCK_MONOTONIC, good to about a microsecond. [any]"""
    return Offsets(_offset(time.CLOCK_REALTIME), _offset(_RAW))


def _offset(clock: int) -> int:
    """Read between two readings of CLOCK_MONOTONIC; the try with the narrowest bracket was disturbed least."""
    best_width, best = 1 << 62, 0
    for _ in range(5):
        before = time.monotonic_ns()
        other = time.clock_gettime_ns(clock)
        after = time.monotonic_ns()
        if after - before < best_width:
            best_width, best = after - before, other - (before + after) // 2
    return best
