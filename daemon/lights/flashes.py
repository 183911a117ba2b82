"""No fixture flashes more than four times a second, whatever drives it, unless the show names it: photosensitivity.

A flash is a rise in brightness by a tenth or more after a fall by as much (WCAG 2.3.1, which allows three of them on a large
screen; stage practice, and jamd, four). A fifth within any second is held down where it would begin.
"""

from collections import deque

MOST = 4  # in any second
WINDOW_S = 1.0
STEP = 0.1  # of full brightness


class Flashes:
    """One fixture's. [any, one thread]"""

    def __init__(self) -> None:
        self._rises: deque[float] = deque(maxlen=MOST)
        self._rising = False
        self._turn = 0.0  # the brightest since it rises, or the darkest since it falls

    def limit(self, brightness: float, now_s: float) -> float:
        """What may be shown of a brightness 0..1; time never goes back."""
        if self._rising:
            self._turn = max(self._turn, brightness)
            if brightness <= self._turn - STEP:
                self._rising, self._turn = False, brightness
            return brightness
        if brightness < self._turn + STEP:
            self._turn = min(self._turn, brightness)
            return brightness
        if len(self._rises) == MOST and now_s - self._rises[0] < WINDOW_S:
            return self._turn + STEP * 0.99
        self._rises.append(now_s)
        self._rising, self._turn = True, brightness
        return brightness
