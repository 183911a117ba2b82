"""The beats of a Transport as they fall, for who has them told at their time."""

from typing import NamedTuple

LATE_NS = 100_000_000
"""A beat that is later than this is not told any more: a flash beside the beat is worse than none."""


class Beat(NamedTuple):
    """`number` from the song's start, `position` in the bar from 1, `at_ns` in CLOCK_MONOTONIC."""

    number: int
    position: int
    at_ns: int


class Beats:
    """One line of beats, and which of them was told last. It never asks a clock; times are ns of CLOCK_MONOTONIC. [main]"""

    def __init__(self) -> None:
        self._runs = False
        self._beat, self._at_ns, self._period_ns, self._in_bar = 0.0, 0, 500e6, 4
        self._told_ns = -(1 << 62)
        self._apart = 0.5  # of a beat, that the next one is after the last at the least

    def take(self, beat: float, at_ns: int, tempo_bpm: float, beats_per_bar: int, runs: bool) -> None:
        """The line goes through `beat` at `at_ns` from now on. A jump of it may be told a beat at once."""
        expected = self._beat + (at_ns - self._at_ns) / self._period_ns
        if runs and (not self._runs or abs(expected - beat) > 0.5):
            self._apart = 0.1  # a song that is counted anew from the same beat tells it only once
        self._runs, self._beat, self._at_ns = runs, beat, at_ns
        self._period_ns, self._in_bar = 60e9 / max(1.0, tempo_bpm), max(1, beats_per_bar)

    def stop(self) -> None:
        """There are no beats until the next `take`."""
        self._runs = False

    def due(self, by_ns: int) -> Beat | None:
        """The newest beat that falls by then and was not told; a corrected line tells none a second time."""
        number = int(self._at(by_ns) // 1)
        at_ns = self._when(number)
        if not self._runs or at_ns - self._told_ns < self._apart * self._period_ns:
            return None
        self._told_ns, self._apart = at_ns, 0.5
        return Beat(number, number % self._in_bar + 1, at_ns) if by_ns - at_ns <= LATE_NS else None

    def next_ns(self, now_ns: int) -> int | None:
        """When the next one falls."""
        if not self._runs:
            return None
        at_ns = self._when(int(self._at(now_ns) // 1) + 1)
        return at_ns if at_ns - self._told_ns >= self._apart * self._period_ns else at_ns + round(self._period_ns)

    def phase(self, now_ns: int) -> tuple[float, float] | None:
        """How much of the beat and of the bar is over, each in [0, 1)."""
        if not self._runs:
            return None
        at = self._at(now_ns)
        return at % 1.0, at % self._in_bar / self._in_bar

    def _at(self, now_ns: int) -> float:
        return self._beat + (now_ns - self._at_ns) / self._period_ns

    def _when(self, number: int) -> int:
        return self._at_ns + round((number - self._beat) * self._period_ns)
