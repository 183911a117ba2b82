"""How good a recommender is at what came next in sessions that it has not seen: HR@10, HR@20, MRR@20, coverage@20.

After every beginning of a session it gives twenty items; counted are next items that are new in their session. HR: the
share of them among the first n; MRR: the mean of 1 / place, 0 beyond twenty; coverage: the share of the catalogue ever
given (Ludewig and Jannach 2018).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from daemon.recommend.session import Session
from daemon.train.recommender.moments import prefixes
from daemon.train.recommender.sets import Sitting

FIRST = 20

Recommend = Callable[[Session, np.ndarray], np.ndarray]
"""(session, allowed uint8 mask) -> rows, best first."""


class Score(NamedTuple):
    """Of one method on one set."""

    n: int
    hr10: float
    hr20: float
    mrr20: float
    coverage: float
    n_cold: int  # next items that were never played in what was learnt, and the same of them
    cold_hr20: float
    cold_mrr20: float


def score(recommend: Recommend, sittings: Sequence[Sitting], n_items: int, seen: np.ndarray) -> Score:
    """`seen`: bool, one a row, played in what was learnt."""
    places, cold = [], []
    given = np.zeros(n_items, bool)
    allowed = np.ones(n_items, np.uint8)
    for sitting in sittings:
        for session, target in prefixes(sitting):
            allowed[session.rows] = 0
            rows = recommend(session, allowed)[:FIRST]
            allowed[session.rows] = 1
            given[rows] = True
            at = np.flatnonzero(rows == target)
            places.append(int(at[0]) + 1 if len(at) else 0)
            cold.append(not seen[target])
    place, was_cold = np.array(places, np.int64), np.array(cold, bool)
    worth = np.where(place > 0, 1 / np.maximum(place, 1), 0.0)

    def mean(values: np.ndarray) -> float:
        return float(values.mean()) if len(values) else 0.0

    return Score(
        len(place),
        mean((place > 0) & (place <= 10)),
        mean(place > 0),
        mean(worth),
        float(given.mean()),
        int(was_cold.sum()),
        mean(place[was_cold] > 0),
        mean(worth[was_cold]),
    )
