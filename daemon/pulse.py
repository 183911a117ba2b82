"""Whether somebody whose work counts a number up has come to a stop: what the watchdogs of the daemon's processes share."""

STANDS_S = 2.0
"""For which the daemon's main loop may stand still; it turns ten times a second at least."""

_GLANCE_S = 0.1


class Pulse:
    """Fed the count and the time, again and again. [any, one thread]"""

    def __init__(self, most_s: float = STANDS_S) -> None:
        self.stands = False  # it counted once, and has not for `most_s`
        self._most_s = most_s
        self._count: int | None = None
        self._counted = False
        self._still_s = self._then_s = 0.0

    def look(self, count: int, now_s: float) -> bool:
        """Whether it has come to a stop just now.

        Between two looks little is added: who was stopped himself, as with the whole machine, has seen nothing of it.
        """
        passed_s, self._then_s = now_s - self._then_s, now_s
        if count != self._count:
            self._counted = self._count is not None
            self._count, self._still_s, self.stands = count, 0.0, False
            return False
        self._still_s += min(passed_s, _GLANCE_S)
        if self.stands or not self._counted or self._still_s < self._most_s:
            return False
        self.stands = True
        return True
