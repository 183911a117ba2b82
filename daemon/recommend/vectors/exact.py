"""Every vector is looked at: exact, without an index to build, and a filter costs nothing. The default.

A unit vector is kept as two int8 for each number, `coarse` and `fine`, with one scale a row: x = scale * (coarse + fine /
254). A search runs once over the coarse half (whole numbers only) and keeps the best few in a bounded heap; those are
scored again from both halves, which is as good as float32. Measured on 1,000,000 x 64 that takes 10 ms of one core;
usearch's graph takes 0.2 ms, but finds .93 of the nearest 20 and 188 s to build, and knows no filter.
"""

import numpy as np
from numba import njit

from daemon.recommend.vectors import kept
from daemon.recommend.vectors.store import check, check_ids, check_model, check_query

FINE = 254.0
QUERY = 4095  # the largest number of a query as int16

_CHUNK = 65536  # rows; to pack a million at once would take gigabytes


class Exact:
    """A `daemon.recommend.vectors.store.Vectors`. 2 bytes a number and 12 a vector; one thread a search, no lock.

    `put` and `remove` make new arrays, which takes as long as to copy all, and put them in place at once: a search that is
    under way ends on the old ones.
    """

    def __init__(self, model: str, width: int, library: str = "") -> None:
        """What `library`, an SQLite file of daemon.recommend.library.schema, has of the model; "": empty. [worker]"""
        check_model(model, width)
        self.width, self._model, self._library = width, model, library
        self._rows = _packed(*kept.load(library, model, width)) if library else _nothing(width)

    def put(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        ids, matrix = check(ids, matrix, self.width)
        if self._library:
            kept.save(self._library, self._model, ids, matrix)
        stay = ~np.isin(self._rows[0], ids, assume_unique=True)
        whole = [np.concatenate((old[stay], new)) for old, new in zip(self._rows, _packed(ids, matrix), strict=True)]
        order = np.argsort(whole[0], kind="stable")
        self._rows = tuple(np.ascontiguousarray(column[order]) for column in whole)

    def remove(self, ids: np.ndarray) -> None:
        ids = check_ids(ids)
        if self._library:
            kept.remove(self._library, self._model, ids)
        stay = ~np.isin(self._rows[0], ids)
        self._rows = tuple(np.ascontiguousarray(column[stay]) for column in self._rows)

    def search(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        query = check_query(query, self.width)
        ids, coarse, fine, scales = self._rows
        k = max(0, min(k, len(ids)))
        whole = np.rint(query * (QUERY / np.abs(query).max())).astype(np.int16)
        mask = np.zeros(0, np.uint8) if allowed is None else np.ascontiguousarray(allowed, np.uint8)
        few = nearest(ids, coarse, scales, whole, mask, allowed is None, min(len(ids), 2 * k + 64))
        scores = rescored(few, coarse, fine, scales, query)
        best = np.lexsort((few, -scores))[:k]  # rows lie in the ids' order
        return ids[few[best]], scores[best]

    def __len__(self) -> int:
        return len(self._rows[0])

    @property
    def n_bytes(self) -> int:
        """Memory of the vectors. [any]"""
        return sum(column.nbytes for column in self._rows)

    def close(self) -> None:
        self._rows = _nothing(self.width)


def _nothing(width: int) -> tuple[np.ndarray, ...]:
    return np.empty(0, np.int64), *(np.empty((0, width), np.int8) for _ in range(2)), np.empty(0, np.float32)


def _packed(ids: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, ...]:
    """ids, coarse, fine, scales of unit vectors."""
    coarse, fine = np.empty(matrix.shape, np.int8), np.empty(matrix.shape, np.int8)
    scales = np.empty(len(ids), np.float32)
    for start in range(0, len(ids), _CHUNK):
        part = slice(start, start + _CHUNK)
        scales[part] = np.abs(matrix[part]).max(axis=1) / 127
        scaled = matrix[part] / scales[part, None]
        coarse[part] = np.rint(scaled)
        fine[part] = np.rint((scaled - coarse[part]) * FINE)
    return ids, coarse, fine, scales


@njit(cache=True, nogil=True)
def nearest(ids, coarse, scales, query, allowed, all_allowed, k):
    """int32 (at most k): the rows with the highest coarse scores, in no order; of equal ones the first."""
    n_rows, width = coarse.shape
    scores, rows = np.empty(k, np.float32), np.empty(k, np.int32)  # a heap, its worst at the root
    n = 0
    for row in range(n_rows):
        if not all_allowed and (ids[row] >= len(allowed) or allowed[ids[row]] == 0):
            continue
        dot = np.int32(0)
        for j in range(width):  # each step cast, or Numba would count in int64 and halve the speed
            dot = np.int32(dot + np.int32(np.int32(coarse[row, j]) * np.int32(query[j])))
        score = np.float32(dot) * scales[row]
        if n < k:
            at = n
            n += 1
            while at > 0 and _worse(score, row, scores[(at - 1) // 2], rows[(at - 1) // 2]):
                scores[at], rows[at] = scores[(at - 1) // 2], rows[(at - 1) // 2]
                at = (at - 1) // 2
            scores[at], rows[at] = score, row
        elif k > 0 and score > scores[0]:
            at = 0
            while 2 * at + 1 < n:
                child = 2 * at + 1
                if child + 1 < n and _worse(scores[child + 1], rows[child + 1], scores[child], rows[child]):
                    child += 1
                if not _worse(scores[child], rows[child], score, row):
                    break
                scores[at], rows[at] = scores[child], rows[child]
                at = child
            scores[at], rows[at] = score, row
    return rows[:n]


@njit(cache=True, nogil=True)
def _worse(score_a, row_a, score_b, row_b):
    return score_a < score_b or (score_a == score_b and row_a > row_b)


@njit(cache=True, nogil=True)
def rescored(rows, coarse, fine, scales, query):
    """float32: the inner products of the rows and the query, from both halves."""
    scores = np.empty(len(rows), np.float32)
    for k in range(len(rows)):
        row = rows[k]
        total = 0.0
        for j in range(coarse.shape[1]):
            total += (coarse[row, j] + fine[row, j] / FINE) * query[j]
        scores[k] = total * scales[row]
    return scores
