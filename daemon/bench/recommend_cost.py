"""What a list of ten with its reasons costs, on one core: the whole, each family's share, and the vectors beside NumPy.

Run as `python -m daemon.bench.recommend_cost ITEMS QUERIES` it prints its row as JSON, then again, anew, for each line it
reads.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from daemon.bench.synthetic_library import SET_LENGTH, Sets, Synthetic, sets
from daemon.recommend.blend.blend import CANDIDATES
from daemon.recommend.blend.opening import recommender
from daemon.recommend.collaborative.history import History
from daemon.recommend.family import Family
from daemon.recommend.session import Session, Wishes
from daemon.recommend.vectors.exact import Exact

PLAYS = 1_000_000
SHOWN = 10
WARM_UP = 30  # queries that are not counted: code is loaded, and a DJ has been playing for a while
WIDTH = 64
PLAY_S = 300.0

WISHES = (
    Wishes(),
    Wishes(energy="up", artist_once=True, not_within_h=24.0),
    Wishes(tempo_bpm=(118.0, 132.0), keys=(0, 5, 7, 21), energy="down"),
)
"""Taken in turn."""


class Timed:
    """A Family that counts what is spent in it."""

    def __init__(self, family: Family) -> None:
        self._family, self.name, self.fields = family, family.name, family.fields
        self.label = type(family).__name__
        self.spent_ns: dict[str, int] = {}

    def candidates(self, *arguments: Any) -> Any:
        return self._of("candidates", *arguments)

    def scores(self, *arguments: Any) -> Any:
        return self._of("scores", *arguments)

    def parts(self, *arguments: Any) -> Any:
        return self._of("parts", *arguments)

    def learn(self, *arguments: Any) -> None:
        self._of("learn", *arguments)

    def _of(self, name: str, *arguments: Any) -> Any:
        began = time.perf_counter_ns()
        found = getattr(self._family, name)(*arguments)
        self.spent_ns[name] = self.spent_ns.get(name, 0) + time.perf_counter_ns() - began
        return found


class Bench:
    """A library of `n` items with its recommender, and what is asked of it."""

    def __init__(self, n: int, plays: int = PLAYS) -> None:
        began, at = time.monotonic(), resident()
        self.memory: dict[str, int] = {"before": at}  # bytes of resident memory
        self.catalogue = Synthetic(n)
        at = self._grown("catalogue", at)
        self.history = History(n, *sets(self.catalogue, plays))
        at = self._grown("history", at)
        self.recommender, self.why = recommender(self.catalogue, self.history)
        self._grown("families", at)
        self.families = [Timed(family) for family in self.recommender.families]
        self.recommender.families = list[Family](self.families)
        self.build_s = time.monotonic() - began
        self._played = sets(self.catalogue, 100 * SET_LENGTH, seed=2)  # other sets than the history's

    def measure(self, queries: int) -> dict[str, Any]:
        """Spent ms: of the whole, by family and step, of the mask, of vectors; and the memory. [main]"""
        whole, processor, rest, learnt = [], [], [], []
        steps: dict[str, list[int]] = {}
        for k, session in enumerate(_sessions(self._played, WARM_UP + queries)):
            began = time.perf_counter_ns()
            self.recommender.learn(session)
            learnt.append(time.perf_counter_ns() - began)
            for family in self.families:
                family.spent_ns.clear()
            session.wishes = WISHES[k % len(WISHES)]
            on_core, began = time.thread_time_ns(), time.perf_counter_ns()
            found = self.recommender.next(session, session.wishes, SHOWN)
            whole.append(time.perf_counter_ns() - began)
            processor.append(time.thread_time_ns() - on_core)
            assert all(one.parts for one in found), "a suggestion without a reason"
            for family in self.families:
                for name in ("candidates", "scores", "parts"):
                    steps.setdefault(f"{family.label}: {name}", []).append(family.spent_ns.get(name, 0))
            rest.append(whole[-1] - sum(spent[-1] for spent in steps.values()))
        return {
            "items": len(self.catalogue),
            "plays": self.history.n_plays,
            "queries": queries,
            "build_s": self.build_s,
            "missing": self.why,
            "whole": spread(whole),
            "processor": spread(processor),
            "learn": spread(learnt),
            "steps": {**{name: spread(spent) for name, spent in steps.items()}, "mask, ranking, variety": spread(rest)},
            "vectors": vectors(len(self.catalogue), queries),
            "memory": {**self.memory, "resident": resident()},
        }

    def _grown(self, name: str, since: int) -> int:
        now = resident()
        self.memory[name] = now - since
        return now


def _sessions(played: Sets, n: int) -> list[Session]:
    """Sets as they go on, play by play."""
    found: list[Session] = []
    one = 0
    while len(found) < n:
        number = one % (len(played.offsets) - 1)
        rows = played.rows[played.offsets[number] : played.offsets[number + 1]].astype(np.int64)
        at = played.starts[-1] + 86400.0 * (1 + one) + PLAY_S * np.arange(len(rows))
        for k in range(1, len(rows) + 1):
            found.append(Session(rows=rows[:k], at=at[:k], now=float(at[k - 1]) + PLAY_S / 2, dj=played.djs[number]))
        one += 1
    return found[:n]


def vectors(n: int, queries: int) -> dict[str, dict[str, float]]:
    """The nearest CANDIDATES of n x WIDTH, half of them allowed: by the exact store, and as one would in NumPy, in turn."""
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((n, WIDTH), np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    mask = rng.integers(0, 2, n).astype(np.uint8)
    store = Exact("bench", WIDTH)
    store.put(np.arange(n), matrix)

    def naive(query: np.ndarray) -> np.ndarray:
        scores = np.where(mask, matrix @ query, -np.inf)
        best = np.argpartition(-scores, CANDIDATES)[:CANDIDATES]
        return best[np.argsort(-scores[best], kind="stable")]

    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "exact, Numba int8": lambda query: store.search(query, CANDIDATES, mask)[0],
        "exact, NumPy": naive,
    }
    spent: dict[str, list[int]] = {name: [] for name in ways}
    alike = 0
    for _ in range(WARM_UP + queries):
        query = matrix[rng.integers(n)] + 0.1 * rng.standard_normal(WIDTH, np.float32)
        found = []
        for name, way in ways.items():
            began = time.perf_counter_ns()
            found.append(way(query))
            spent[name].append(time.perf_counter_ns() - began)
        alike += len(np.intersect1d(found[0], found[1]))
    rows = {name: spread(ns) for name, ns in spent.items()}
    rows["exact, Numba int8"]["mb"] = store.n_bytes / 1e6
    rows["exact, Numba int8"]["recall"] = alike / CANDIDATES / (WARM_UP + queries)
    rows["exact, NumPy"]["mb"] = matrix.nbytes / 1e6
    return rows


def spread(ns: list[int]) -> dict[str, float]:
    """ms after the warm-up: p50, p95, p99, max."""
    ms = np.array(ns[WARM_UP:]) / 1e6
    return {**{f"p{q}": float(np.percentile(ms, q)) for q in (50, 95, 99)}, "max": float(ms.max())}


def resident() -> int:
    """Bytes of this process that are in memory; 0 where there is no /proc."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if told.exists() else 0


def main(n: int, queries: int) -> None:
    """As the module says, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bench = Bench(n)
    print(json.dumps(bench.measure(queries)), flush=True)
    for _ in sys.stdin:
        print(json.dumps(bench.measure(queries)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
