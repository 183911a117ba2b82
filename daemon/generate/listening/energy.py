"""Energy: how hard the player is at it, against the session so far."""

from collections import deque
from math import exp, sqrt

from daemon.generate.context import Meter

RECENT_BEATS = 8
FULL_NOTES = 6.0  # a beat with so many is as dense as it counts
USUAL, USUAL_DEVIATION, USUAL_BEATS = 0.45, 0.15, 16.0  # of a beat's level; weighs as so many beats
STEEP = 1.5


class Energy:
    """Level of each beat that was played in, half density and half dynamics; fed in order. Pure. [any]"""

    def __init__(self, meter: Meter) -> None:
        self._ticks = meter.beat_ticks
        self._beat, self._notes, self._loud = 0, 0, 0
        self._recent: deque[float] = deque(maxlen=RECENT_BEATS)
        self._beats = USUAL_BEATS
        self._sum, self._squares = USUAL * USUAL_BEATS, (USUAL**2 + USUAL_DEVIATION**2) * USUAL_BEATS

    def onset(self, tick: int, velocity: int) -> None:
        """A note starts."""
        beat = tick // self._ticks
        if beat != self._beat and self._notes:
            level = self._level()
            self._recent.append(level)
            self._beats += 1.0
            self._sum += level
            self._squares += level**2
            self._notes = self._loud = 0
        self._beat = beat
        self._notes += 1
        self._loud += velocity

    @property
    def now(self) -> float:
        """0 hushed, 0.5 as usual, 1 all out: the recent beats' mean, in deviations from the session's."""
        recent = [*self._recent, self._level()] if self._notes and not self._recent else list(self._recent)
        if not recent:
            return 0.5
        mean = self._sum / self._beats
        deviation = sqrt(max(self._squares / self._beats - mean**2, 1e-4))
        return 1.0 / (1.0 + exp(-STEEP * (sum(recent) / len(recent) - mean) / deviation))

    def _level(self) -> float:
        return 0.5 * min(self._notes / FULL_NOTES, 1.0) + 0.5 * self._loud / self._notes / 127.0
