"""A tap: a foot or a key says that here is a beat; two or more in a row say the tempo too."""

from daemon.transport.source import Aim

FASTEST_S, SLOWEST_S = 0.15, 3.0  # between two taps that belong together: 400 and 20 beats a minute
MEMORY = 5  # taps that the tempo is taken from


class Tap:
    """A `daemon.transport.source.Source`; what was tapped holds until it is forgotten. [main]"""

    def __init__(self) -> None:
        self._taps: list[float] = []
        self._beat, self._rate = 0, 2.0

    def tap(self, at_s: float, rate: float) -> None:
        """Here is a beat; `rate` in beats a second is how fast it goes where one tap alone does not say."""
        taps = self._taps
        if not taps:
            self._rate = rate
        elif at_s - taps[-1] < FASTEST_S:  # a bounce
            return
        else:
            self._beat += max(1, round((at_s - taps[-1]) * self._rate))
            taps = taps if at_s - taps[-1] <= SLOWEST_S else []
        self._taps = taps = [*taps, at_s][-MEMORY:]
        if len(taps) > 1:
            self._rate = (len(taps) - 1) / (taps[-1] - taps[0])

    def forget(self) -> None:
        """Nobody has tapped."""
        self._taps, self._beat = [], 0

    def aim(self, now_s: float) -> Aim | None:
        """The newest tap, and the tempo of those that go with it."""
        if not self._taps:
            return None
        return Aim(self._taps[-1], float(self._beat), self._rate, confidence=1.0 if len(self._taps) > 1 else 0.5)
