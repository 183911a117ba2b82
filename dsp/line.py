"""The line from time to ticks: what lies behind stays as it was, what lies ahead can still bend."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

MOST = 16384  # corners kept of the past
CATCH_UP = 0.5  # of the tempo: how much faster or slower the line runs until it is where it should be
LEAST = 1e-6  # ticks/s; a line that stood still could not be read backwards


class Line:
    """Corners (seconds, ticks), both rising, joined by straight lines, and the slopes beyond both ends. Pure. [any]"""

    def __init__(self, at_s: float, tick: float, rate: float) -> None:
        """Through `tick` at `at_s` with `rate` ticks a second."""
        self._seconds, self._ticks = [at_s], [tick]
        self._first = self._last = max(rate, LEAST)

    def tick_at(self, at_s: float) -> float:
        """Ticks at a time."""
        seconds, ticks = self._seconds, self._ticks
        i = bisect_right(seconds, at_s)
        if i == 0:
            return ticks[0] + (at_s - seconds[0]) * self._first
        if i == len(seconds):
            return ticks[-1] + (at_s - seconds[-1]) * self._last
        part = (at_s - seconds[i - 1]) / (seconds[i] - seconds[i - 1])
        return ticks[i - 1] + part * (ticks[i] - ticks[i - 1])

    def seconds_at(self, tick: float) -> float:
        """The time of a tick; of ticks that were skipped, when they were."""
        seconds, ticks = self._seconds, self._ticks
        i = bisect_left(ticks, tick)
        if i == 0:
            return seconds[0] + (tick - ticks[0]) / self._first
        if i == len(ticks):
            return seconds[-1] + (tick - ticks[-1]) / self._last
        part = (tick - ticks[i - 1]) / (ticks[i] - ticks[i - 1])
        return seconds[i - 1] + part * (seconds[i] - seconds[i - 1])

    def rate_at(self, at_s: float) -> float:
        """Ticks a second, just after a time."""
        i = bisect_right(self._seconds, at_s)
        if i == 0:
            return self._first
        if i == len(self._seconds):
            return self._last
        return (self._ticks[i] - self._ticks[i - 1]) / (self._seconds[i] - self._seconds[i - 1])

    def bend(self, now_s: float, corners: Sequence[tuple[float, float]], rate: float, over_s: float = 0.0) -> None:
        """From `now_s` on, run into the line through `corners` (seconds, ticks; both rising) and on at `rate`.

        It gets there at no less than half, and no more than one and a half times, the tempo; what was before stays.
        `over_s`: and evenly in so long, where that is gentler.
        """
        here = self.tick_at(now_s)
        keep = bisect_left(self._seconds, now_s)
        if keep == 0:
            self._first = self.rate_at(now_s)
        del self._seconds[keep:], self._ticks[keep:]
        self._corner(now_s, here)
        aim = Line(*corners[0], rate)
        aim._seconds, aim._ticks = [s for s, _ in corners], [t for _, t in corners]
        if len(corners) > 1:
            aim._first = aim.rate_at(corners[0][0])
        gap = aim.tick_at(now_s) - here
        meet_s = now_s + max(abs(gap) / (CATCH_UP * aim.rate_at(now_s)), over_s)
        self._corner(meet_s, aim.tick_at(meet_s))
        for at_s, tick in corners:
            if at_s > meet_s:
                self._corner(at_s, tick)
        self._last = max(rate, LEAST)
        if len(self._seconds) > MOST:
            del self._seconds[: MOST // 2], self._ticks[: MOST // 2]
            self._first = self.rate_at(self._seconds[0])

    def skip(self, now_s: float, ticks: float) -> None:
        """Jump ahead at `now_s` by so many ticks: those between fall at once."""
        corners = [(s, t + ticks) for s, t in zip(self._seconds, self._ticks, strict=True) if s > now_s]
        here, rate = self.tick_at(now_s), self.rate_at(now_s)
        self.bend(now_s, [(now_s, here)], rate)
        self._corner(now_s + 1e-6, here + ticks)
        for at_s, tick in corners:
            self._corner(at_s, tick)

    def _corner(self, at_s: float, tick: float) -> None:
        if not self._seconds or (at_s > self._seconds[-1] and tick > self._ticks[-1]):
            self._seconds.append(at_s)
            self._ticks.append(tick)
