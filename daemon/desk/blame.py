"""Who is to blame when the engine dies: which plugin ran, or was being opened; and when that was once too often."""

import time
from collections import defaultdict, deque

import numpy as np

WITHIN_S = 60.0
DEATHS = 3  # within that time, by one plugin's fault: it is left out


class Blame:
    """Counts deaths by plugin. [main]"""

    def __init__(self, block: np.void) -> None:
        """`block`: the engine's BLOCK record, which outlives the engine."""
        self._block = block
        self._deaths: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=DEATHS))
        self._opening, self._since, self._is_killed = 0, 0.0, False

    @property
    def opening(self) -> int:
        """uid of the plugin that the engine's main thread is opening; 0: none."""
        return int(self._block["opening"])

    @property
    def why(self) -> str:
        """What happened, for a person."""
        how = "hung" if self._is_killed else "died"
        return (
            f"the engine {how} while the plugin was opened"
            if self.opening
            else f"the engine {how} while the plugin ran"
        )

    def find(self) -> int:
        """uid of the plugin that was at work when the engine died; 0: none was."""
        return self.opening or (0 if self._is_killed else int(self._block["slot"]))

    def count(self, uid: int, now_s: float) -> bool:
        """Enter a death; True: that is enough. One that did not survive its opening will not the next time either."""
        deaths = self._deaths[uid]
        deaths.append(now_s)
        often = len(deaths) == DEATHS and now_s - deaths[0] <= WITHIN_S
        return often or self.opening == uid

    def rest(self) -> None:
        """The engine's main thread is not with a plugin."""
        self._opening, self._since, self._is_killed = 0, 0.0, False

    def hangs(self, since_s: float, patience_s: float) -> bool:
        """Whether it has been with one plugin for too long; `since_s` when it was sent there at the earliest."""
        now = time.monotonic()
        if self.opening != self._opening:
            self._opening, self._since = self.opening, now
        self._is_killed = now - max(since_s, self._since) > patience_s
        return self._is_killed
