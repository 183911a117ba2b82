"""Session nearest neighbours: what was played in the sessions most like this one.

SKNN and V-SKNN: Jannach and Ludewig, 2017; Ludewig and Jannach, 2018. STAN: Garg, Gupta, Malhotra, Vig and Shroff, 2019;
VSTAN: Ludewig, Mauro, Latifi and Jannach, 2021. All are one walk with other weights.
"""

import numpy as np
from numba import njit

from daemon.recommend.collaborative.history import NONE, History
from daemon.recommend.collaborative.method import Method, best
from daemon.recommend.session import Session

FOREVER = 1e30
LEAST = 1e-9
"""What counts less does not count: its sum would be 0 in float32."""


class Neighbours(Method):
    """An item's share in the `k` sessions nearest to this one, each weighed by its similarity.

    The similarity is the cosine of the items played, where one `recent` places before the last counts 1/e; older
    sessions fade as `History.fade` says. In a neighbour an item counts 1/e if it stands `after` places after the newest item
    that is in both sessions, or `before` places before it. With `rare`, items of many sessions count less (IDF).
    12 bytes a session beside what every method has.
    """

    name = "neighbours"

    def __init__(
        self,
        history: History,
        k: int = 100,
        last: int = 30,
        sample: int = 300,
        recent: float = 3.0,
        age: float = 0.5,
        after: float = 3.0,
        before: float = 3.0,
        rare: float = 0.0,
    ) -> None:
        """`last` distinct items are asked for, in their newest `sample` plays."""
        super().__init__(history)
        self.k, self.last, self.sample, self.recent = k, last, sample, recent
        self.age, self.after, self.before, self.rare = age, after, before, rare
        self._sims = np.zeros(0, np.float32)
        self._matches = np.zeros(0, np.int32)
        self._stamps = np.zeros(0, np.int32)
        self._everyone = np.ones(0, np.uint8)

    def nearest(self, session: Session) -> tuple[np.ndarray, np.ndarray]:
        """(numbers of the nearest sessions, int64, best first; their similarities, float32)."""
        h = self.history
        if len(self._sims) < h.n_sessions:
            n = len(h.starts)
            self._sims = np.zeros(n, np.float32)
            self._matches = np.zeros(n, np.int32)
            self._stamps = np.full(n, NONE, np.int32)
            self._everyone = np.ones(n, np.uint8)
        items = distinct(session.rows, self.last)
        found = _meet(
            items, self._rarity(items[:, 0]), self.recent, h.fade(self.age), self.sample,
            h.rows, h.offsets, h.session_of, h.latest, h.before, h.n_sessions, h.running(session),
            self._sims, self._matches, self._stamps,
        )  # fmt: skip
        near = best(self._sims, found, len(found), self._everyone, self.k)
        sims = self._sims[near]
        self._sims[found] = 0
        self._stamps[found] = NONE
        return near, sims

    def _rarity(self, rows: np.ndarray) -> np.ndarray:
        """float64, 0..1, one a row."""
        n = max(self.history.n_sessions, 1)
        return (np.log1p(n / np.maximum(self.history.sets[rows], 1)) / np.log1p(n)) ** self.rare

    def _walk(self, session: Session) -> int:
        near, sims = self.nearest(session)
        if not len(near):
            return 0
        h = self.history
        n_met = _spread(near, sims, self._matches, self.after, self.before, h.rows, h.offsets, self._weights, self._met)
        if self.rare:
            met = self._met[:n_met]
            self._weights[met] *= self._rarity(met)
        return n_met


class SKNN(Neighbours):
    """Every item and every session counts alike."""

    name = "sknn"

    def __init__(self, history: History, k: int = 100, sample: int = 300) -> None:
        super().__init__(history, k, 1000, sample, FOREVER, 0.0, FOREVER, FOREVER)


class VSKNN(Neighbours):
    """The newest items count more, and rare ones."""

    name = "vsknn"

    def __init__(self, history: History, k: int = 100, sample: int = 300) -> None:
        super().__init__(history, k, 30, sample, 3.0, 0.0, FOREVER, FOREVER, 1.0)


class STAN(Neighbours):
    """So do newer sessions, and what stands near to the newest item that is in both."""

    name = "stan"


class VSTAN(Neighbours):
    """STAN with what suits set lists, where the last few items and the direction say most."""

    name = "vstan"

    def __init__(self, history: History, k: int = 100, sample: int = 300) -> None:
        super().__init__(history, k, 10, sample, 1.5, 0.5, 1.5, 0.7, 0.5)


@njit(cache=True, nogil=True)
def distinct(played, last):
    """int64 (n, 2): the at most `last` newest distinct rows played, newest first, and how many plays ago each was."""
    out = np.empty((min(last, len(played)), 2), np.int64)
    n = 0
    for back in range(len(played)):
        if n == last:
            break
        row = played[len(played) - 1 - back]
        seen = False
        for j in range(n):
            if out[j, 0] == row:
                seen = True
                break
        if not seen:
            out[n, 0], out[n, 1] = row, back
            n += 1
    return out[:n]


@njit(cache=True, nogil=True)
def _meet(
    items, rarity, recent, fade, sample,
    rows, offsets, session_of, latest, before, n_sessions, running, sims, matches, stamps,
):  # fmt: skip
    """int32: the sessions that share an item; `sims` and `matches` (where the newest shared item stands) of those."""
    found = np.empty(min(len(items) * sample, n_sessions), np.int32)
    n = 0
    for j in range(len(items)):
        weight = np.exp(-items[j, 1] / recent) * rarity[j]
        if weight < LEAST:
            continue
        p = latest[items[j, 0]]
        walked = 0
        while p >= 0 and walked < sample:
            s = session_of[p]
            if s != running and stamps[s] != j:
                if stamps[s] < 0:
                    found[n] = s
                    n += 1
                    matches[s] = p - offsets[s]
                    sims[s] = 0
                sims[s] += weight
                stamps[s] = j
            p = before[p]
            walked += 1
    for j in range(n):
        s = found[j]
        sims[s] *= fade[n_sessions - 1 - s] / np.sqrt(offsets[s + 1] - offsets[s])
    return found[:n]


@njit(cache=True, nogil=True)
def _spread(near, sims, matches, after, before, rows, offsets, weights, met):
    n_met, total = 0, 0.0
    for j in range(len(near)):
        s = near[j]
        total += sims[j]
        first = offsets[s]
        match = first + matches[s]
        for q in range(first, offsets[s + 1]):
            if q == match:
                continue
            away = (q - match) / after if q > match else (match - q) / before
            if away > FARTHEST:
                continue
            i = rows[q]
            if weights[i] == 0:
                met[n_met] = i
                n_met += 1
            weights[i] += sims[j] * np.exp(-away)
    for j in range(n_met):
        weights[met[j]] = min(weights[met[j]] / total, 1.0)
    return n_met


FARTHEST = 20.0
"""Where an item's place no longer counts, as a power of e."""
