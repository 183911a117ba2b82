"""How often a universe may be sent: DMX512 takes a whole one 44 times a second, and light that waits is late.

Changes go at 40 Hz; what cannot wait (an attack, a beat, a command) goes at once, as long as no second has more than 44
packets. Where nothing changes the last packet is said three times, then about once a second (E1.31 6.6.1, 6.6.2).
"""

from collections import deque

REGULAR_S = 1 / 40
MOST = 44
ALIVE_S = 0.9
REPEATS = 3


class Pace:
    """One universe's. Fed times that never go back. [any, one thread]"""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=MOST)
        self._repeats = REPEATS
        self._last_s = -1e9

    def may(self, now_s: float, is_change: bool, is_urgent: bool) -> bool:
        """Whether a packet may go now; then it is counted."""
        since = now_s - self._last_s
        wait_s = REGULAR_S if is_change or self._repeats < REPEATS else ALIVE_S
        due = since >= wait_s or (is_change and is_urgent)
        if not due or (len(self._sent) == MOST and now_s - self._sent[0] < 1.0):
            return False
        self._sent.append(now_s)
        self._last_s = now_s
        self._repeats = 0 if is_change else self._repeats + 1
        return True
