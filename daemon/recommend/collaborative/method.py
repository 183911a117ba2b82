"""What all methods share: a score for each item that a walk has met, and the best of them."""

import numpy as np
from numba import njit

from daemon.recommend.collaborative.history import History
from daemon.recommend.session import Session


class Method:
    """One way to tell what comes next from a `History`. Its scores lie in [0, 1]. One thread at a time. [worker]

    What a session's walk found is kept until the session or the history is another: `candidates` and then `scores` of
    the same session cost one walk. 8 bytes an item.
    """

    name = ""

    def __init__(self, history: History) -> None:
        self.history = history
        self._weights = np.zeros(history.n_items, np.float32)
        self._met = np.empty(history.n_items, np.int32)
        self._n_met = 0
        self._walked: tuple = ()

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """At most k rows, int64, best first, those of equal score by row, where `allowed` (uint8, one a row) is not 0."""
        self._walk_once(session)
        return best(self._weights, self._met, self._n_met, allowed, k)

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32, one for each of the rows; 0 for what the walk has not met."""
        self._walk_once(session)
        return self._weights[rows]

    def _walk_once(self, session: Session) -> None:
        key = (self.history.n_plays, self.history.n_sessions, session.now, session.dj, session.rows.tobytes())
        if key != self._walked:
            self._weights[self._met[: self._n_met]] = 0
            self._n_met = self._walk(session)
            self._walked = key

    def _walk(self, session: Session) -> int:
        """Adds to `_weights`, which are 0, and puts each row whose weight it raised in `_met`; how many."""
        raise NotImplementedError


@njit(cache=True, nogil=True)
def worse(value_a, index_a, value_b, index_b):
    return value_a < value_b or (value_a == value_b and index_a > index_b)


@njit(cache=True, nogil=True)
def _sink(heap, values, root, n):
    """Restores a heap of indices whose worst is at the root."""
    item = heap[root]
    while True:
        child = 2 * root + 1
        if child >= n:
            break
        if child + 1 < n and worse(values[heap[child + 1]], heap[child + 1], values[heap[child]], heap[child]):
            child += 1
        if not worse(values[heap[child]], heap[child], values[item], item):
            break
        heap[root] = heap[child]
        root = child
    heap[root] = item


@njit(cache=True, nogil=True)
def _heapify(heap, values, n):
    for root in range(n // 2 - 1, -1, -1):
        _sink(heap, values, root, n)


@njit(cache=True, nogil=True)
def _sorted(heap, values, n):
    """The first n, best first, in place."""
    if n < len(heap):
        _heapify(heap, values, n)
    for last in range(n - 1, 0, -1):
        worst = heap[0]
        heap[0] = heap[last]
        heap[last] = worst
        _sink(heap, values, 0, last)
    return heap[:n]


@njit(cache=True, nogil=True)
def best(values, met, n_met, allowed, k):
    """int64: the at most k indices among met[:n_met] of the highest values above 0 where allowed; best first."""
    heap = np.empty(max(min(k, n_met), 0), np.int64)
    n = 0
    for j in range(n_met):
        i = met[j]
        if allowed[i] == 0 or values[i] <= 0 or len(heap) == 0:
            continue
        if n < len(heap):
            heap[n] = i
            n += 1
            if n == len(heap):
                _heapify(heap, values, n)
        elif worse(values[heap[0]], heap[0], values[i], i):
            heap[0] = i
            _sink(heap, values, 0, n)
    return _sorted(heap, values, n)


@njit(cache=True, nogil=True)
def best_of_all(values, allowed, k):
    """As `best`, among all: the rows come in order, so one that is only as good as the worst kept is worse."""
    heap = np.empty(max(min(k, len(values)), 0), np.int64)
    n, least = 0, 0.0
    if len(heap) == 0:
        return heap
    for i in range(len(values)):
        if values[i] <= least or allowed[i] == 0:
            continue
        if n < len(heap):
            heap[n] = i
            n += 1
            if n == len(heap):
                _heapify(heap, values, n)
                least = values[heap[0]]
        else:
            heap[0] = i
            _sink(heap, values, 0, n)
            least = values[heap[0]]
    return _sorted(heap, values, n)
