"""A delay-locked loop over numbered events: from the jittery times of ticks to a smooth line of numbers against seconds.

Source: F. Adriaensen, "Using a DLL to filter time", Linux Audio Conference 2005. Its bandwidth narrows as ticks come: the
gains are those of the straight line that fits all of them best (the growing-memory filter of E. Brookner, "Tracking and
Kalman Filtering Made Easy", 1998, section 1.2.10), until it remembers `MOST`; and a tempo that changes at once is caught.
"""

from collections import deque

MOST = 96  # ticks it comes to remember: at 24 a beat, four beats; jitter comes out at a sixth of what it was
RUN = 4  # ticks in a row that are all off to the same side
SUDDEN_S = 0.002  # by this much,
SUDDEN = (
    2.0  # and by so many times what ticks are off by usually: the tempo has changed, and the line begins anew there
)


class Lock:
    """Fed in order; pure arithmetic, a tick costs the same whenever it comes. [any]"""

    def __init__(self) -> None:
        self.n = 0  # ticks that the line rests on, at most MOST
        self.number, self.time_s = 0, 0.0  # the line passes through these
        self.period_s = 0.0  # between two numbers; 0 until there were two
        self._usual_s = 0.0  # off by, as a rule
        self._last: deque[tuple[int, float]] = deque(maxlen=RUN)
        self._off: deque[float] = deque(maxlen=RUN)

    def feed(self, number: int, at_s: float) -> None:
        """Tick `number`, which is more than the one before, came at `at_s`."""
        step = number - self.number
        self._last.append((number, at_s))
        if self.n < 2:
            if self.n == 1:
                self.period_s = max((at_s - self.time_s) / step, 1e-6)
            self.n, self.number, self.time_s = self.n + 1, number, at_s
            return
        self.n = n = min(self.n + 1, MOST)
        predicted = self.time_s + step * self.period_s
        off = at_s - predicted
        self._off.append(off)
        if n > 2 * RUN and self._is_sudden():
            self._begin()
            return
        self._usual_s += (abs(off) - self._usual_s) / n
        self.number, self.time_s = number, predicted + 2 * (2 * n - 1) / (n * (n + 1)) * off
        self.period_s = max(self.period_s + 6 / (n * (n + 1)) * off / step, 1e-6)

    def time_at(self, number: float) -> float:
        """When a number comes, or came."""
        return self.time_s + (number - self.number) * self.period_s

    def _is_sudden(self) -> bool:
        least = max(SUDDEN_S, SUDDEN * self._usual_s)
        return all(off > least for off in self._off) or all(off < -least for off in self._off)

    def _begin(self) -> None:
        """Through the newest ticks alone, by least squares."""
        count = len(self._last)
        middle = sum(number for number, _ in self._last) / count
        mean_s = sum(at_s for _, at_s in self._last) / count
        spread = sum((number - middle) ** 2 for number, _ in self._last)
        slope = sum((number - middle) * (at_s - mean_s) for number, at_s in self._last) / spread
        self.n, self.number, self.period_s = count, self._last[-1][0], max(slope, 1e-6)
        self.time_s = mean_s + (self.number - middle) * self.period_s
        self._off.clear()
