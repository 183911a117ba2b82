"""What a plugin changed itself: entered in a ring on whatever thread it calls from, read on the main thread.

What host and plugin agree on is kept beside, so that the echo of the host's own setting is no news.
"""

from collections.abc import Callable

import numpy as np

from daemon.plugins.call import CHANGES
from dsp.kernel import inline

N_CHANGES = CHANGES["entries"].shape[0]
SAME = 1e-6  # values that differ by less are the same


@inline
def enter(changes, known, index, value):
    """Add to the ring what `known`, an array of every parameter's value, does not have yet. [any]"""
    if abs(known[index] - value) < SAME:
        return
    known[index] = value
    entry = changes.entries[changes.written % N_CHANGES]
    entry.at = 0
    entry.index = index
    entry.value = value
    changes.written += 1


class Changes:
    """The ring's reader. [main]"""

    def __init__(self, ring: np.void, known: np.ndarray, value: Callable[[int], float]) -> None:
        """`ring`: a CHANGES record; `value` asks the plugin for a parameter's value now."""
        self._ring, self._known, self._value = ring, known, value
        self._read = 0
        self._seen: dict[int, float] = {}  # by looking, not from the ring

    def look(self) -> None:
        """Ask for every value: some may have changed without a word."""
        for index in range(len(self._known)):
            value = self._value(index)
            if abs(value - self._known[index]) >= SAME:
                self._known[index] = self._seen[index] = value

    def settle(self) -> None:
        """What is now is what the host wants: no news."""
        for index in range(len(self._known)):
            self._known[index] = self._value(index)
        self._read = int(self._ring["written"])
        self._seen = {}

    def take(self) -> dict[int, float]:
        """The newest value of each parameter that changed since the last call."""
        written = int(self._ring["written"])
        if written - self._read > N_CHANGES:  # some are lost
            news = {index: self._value(index) for index in range(len(self._known))}
        else:
            entries = (self._ring["entries"][k % N_CHANGES] for k in range(self._read, written))
            news = {int(entry["index"]): float(entry["value"]) for entry in entries}
        news, self._seen, self._read = self._seen | news, {}, written
        return news
