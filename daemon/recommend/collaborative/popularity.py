"""How often an item is played, lately or at all."""

import numpy as np
from numba import njit

from daemon.recommend.collaborative.history import History
from daemon.recommend.collaborative.method import best_of_all
from daemon.recommend.session import Session

_FAR = 300.0  # ages; e to that is far within float64


class Popularity:
    """Plays by item, those `age` sessions back counting 1/e; their logarithm beside the most played item's.

    8 bytes an item. One thread at a time. [worker]
    """

    name = "popularity"

    def __init__(self, history: History, age: float = 100.0) -> None:
        self.history = history
        self.age = age
        self._plays = np.zeros(history.n_items)  # in units of a play in session _unit
        self._unit = 0
        self._most = 0.0
        self._counted = 0

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """At most k rows, int64, best first, those of equal score by row, where `allowed` (uint8, one a row) is not 0."""
        self._count()
        return best_of_all(self._plays, allowed, k)

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32, one for each of the rows."""
        self._count()
        if not self._most:
            return np.zeros(len(rows), np.float32)
        unit = np.exp((self._unit - self.history.n_sessions + 1) / self.age)
        return (np.log1p(self._plays[rows] * unit) / np.log1p(self._most * unit)).astype(np.float32)

    def _count(self) -> None:
        """Takes in the plays since the last time."""
        h = self.history
        if self._counted == h.n_plays:
            return
        newest = h.n_sessions - 1
        if newest - self._unit > _FAR * self.age or not self._counted:
            fade = np.exp((self._unit - newest) / self.age)
            self._plays *= fade
            self._most *= fade
            self._unit = newest
        self._most = _add(self._plays, self._most, self._counted, h.n_plays, h.rows, h.session_of, self._unit, self.age)
        self._counted = h.n_plays


@njit(cache=True, nogil=True)
def _add(plays, most, first, end, rows, session_of, unit, age):
    for p in range(first, end):
        i = rows[p]
        plays[i] += np.exp((session_of[p] - unit) / age)
        most = max(most, plays[i])
    return most
