"""Item-item: what is played in the same sessions (cosine; Sarwar, Karypis, Konstan and Riedl, 2001)."""

import numpy as np
from numba import njit

from daemon.recommend.collaborative.history import History
from daemon.recommend.collaborative.method import Method
from daemon.recommend.collaborative.neighbours import distinct
from daemon.recommend.session import Session


class Cooccurrence(Method):
    """The cosine of an item's sessions and those of each of the last items played, weighed and averaged.

    Counted from the newest `sample` sessions of each item at the time it is asked for, so it is never out of date;
    within a session as far as `reach` plays either way. Newer sessions weigh more, as in `Rules`.
    """

    name = "item_item"

    def __init__(
        self, history: History, last: int = 10, sample: int = 300, reach: int = 50, newer: float = 0.8, age: float = 0.5
    ) -> None:
        """The item before the last counts `newer` of it, and so on."""
        super().__init__(history)
        self.last, self.sample, self.reach, self.newer, self.age = last, sample, reach, newer, age

    def _walk(self, session: Session) -> int:
        h = self.history
        items = distinct(session.rows, self.last)
        return _together(
            items[:, 0], self.sample, self.reach, self.newer, h.fade(self.age),
            h.rows, h.offsets, h.session_of, h.latest, h.before, h.sets, h.n_sessions, h.running(session),
            self._weights, self._met,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _together(
    items, sample, reach, newer, fade,
    rows, offsets, session_of, latest, before, sets, n_sessions, running, weights, met,
):  # fmt: skip
    n_met, everything = 0, 0.0
    for j in range(len(items)):
        by_item = newer**j
        everything += by_item
        # the newest sessions first, once to know their weight in all and once to give it
        total, walked, p = 0.0, 0, latest[items[j]]
        while p >= 0 and walked < sample:
            s = session_of[p]
            if s != running:
                total += fade[n_sessions - 1 - s]
                walked += 1
            p = before[p]
        walked_in_all = walked
        walked, p = 0, latest[items[j]]
        while p >= 0 and walked < sample:
            s = session_of[p]
            if s != running:
                weight = by_item * np.sqrt(walked_in_all) * fade[n_sessions - 1 - s] / total
                for q in range(max(offsets[s], p - reach), min(offsets[s + 1], p + reach + 1)):
                    i = rows[q]
                    if i == items[j]:
                        continue
                    if weights[i] == 0:
                        met[n_met] = i
                        n_met += 1
                    weights[i] += weight
                walked += 1
            p = before[p]
    for m in range(n_met):
        i = met[m]
        weights[i] = min(weights[i] / (everything * np.sqrt(sets[i])), 1.0)
    return n_met
