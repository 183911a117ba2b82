"""Random pasts, and the slow, obvious way to tell what the collaborative kernels tell."""

import math

import numpy as np
from hypothesis import strategies as st

from daemon.recommend.collaborative.history import History
from daemon.recommend.session import Session

N_ITEMS = 9  # the last one is never played
PASTS = st.lists(st.lists(st.integers(0, N_ITEMS - 2), min_size=1, max_size=12), max_size=12)
PLAYED = st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=12)
EVERYTHING = np.ones(N_ITEMS, np.uint8)


def history(past: list[list[int]], n_items: int = N_ITEMS, djs: list[str] | None = None) -> History:
    """The sessions an hour apart, from 0 on."""
    offsets = np.cumsum([0, *map(len, past)])
    rows = np.array([row for played in past for row in played], np.int32)
    return History(n_items, offsets, rows, 3600.0 * np.arange(len(past)), djs)


def running(played: list[int], number: int = 1000, dj: str = "") -> Session:
    """A session in the hour of that number."""
    at = 3600.0 * number + 60.0 * np.arange(len(played))
    return Session(rows=np.array(played, np.int64), at=at, now=3600.0 * number + 60.0 * len(played), dj=dj)


def aged(past: list[list[int]], s: int, age: float) -> float:
    return (1 + (len(past) - 1 - s) / 10) ** -age


def next_share(past, played, step=1):
    last, found, of = played[-1], {}, 0
    for old in past:
        for q, row in enumerate(old):
            if row == last:
                of += 1
                if 0 <= q + step < len(old):
                    found[old[q + step]] = found.get(old[q + step], 0) + 1
    return {row: count / of for row, count in found.items()}


def rules(past, played, last, steps, nearer, newer, longer, age):
    found, total = {}, 0.0
    for back in range(min(last, len(played))):
        for s, old in enumerate(past):
            for q, row in enumerate(old):
                if row != played[-1 - back]:
                    continue
                agree = 1
                while (
                    agree < 4
                    and agree <= q
                    and back + agree < len(played)
                    and old[q - agree] == played[-1 - back - agree]
                ):
                    agree += 1
                weight = newer**back * aged(past, s, age) * longer ** (agree - 1)
                total += weight
                for step in range(1, steps + 1):
                    if q + step < len(old):
                        more = weight * nearer ** abs(step - 1 - back)
                        found[old[q + step]] = found.get(old[q + step], 0) + more
    return {row: min(weight / total, 1) for row, weight in found.items()}


def _newest(played, last):
    distinct = list(dict.fromkeys(played[::-1]))[:last]
    return {row: played[::-1].index(row) for row in distinct}


def cosine(past, played, last, newer, age):
    items = _newest(played, last)
    found = {}
    for j, item in enumerate(items):
        plays = [(s, q) for s, old in enumerate(past) for q, row in enumerate(old) if row == item]
        total = sum(aged(past, s, age) for s, _ in plays)
        for s, _ in plays:
            for row in past[s]:
                if row != item:
                    more = newer**j * math.sqrt(len(plays)) * aged(past, s, age) / total
                    found[row] = found.get(row, 0) + more
    everything = sum(newer**j for j in range(len(items)))
    in_sets = {row: sum(row in old for old in past) for row in found}
    return {row: min(weight / everything / math.sqrt(in_sets[row]), 1) for row, weight in found.items()}


def nearest(past, played, k, last, recent, age, rare):
    """[(similarity, session)], best first."""
    items = _newest(played, last)
    near = []
    for s, old in enumerate(past):
        shared = [row for row in items if row in old]
        weight = sum(math.exp(-items[row] / recent) * rarity(past, row) ** rare for row in shared)
        if shared:
            near.append((weight * aged(past, s, age) / len(old) ** 0.5, s))
    return sorted(near, key=lambda pair: (-pair[0], pair[1]))[:k]


def rarity(past, row):
    count = max(sum(row in old for old in past), 1)
    return math.log1p(max(len(past), 1) / count) / math.log1p(max(len(past), 1))


def neighbours(past, played, k, last, recent, age, after, before, rare):
    items = list(_newest(played, last))
    near = nearest(past, played, k, last, recent, age, rare)
    found = {}
    for sim, s in near:
        old = past[s]
        newest = next(row for row in items if row in old)
        match = len(old) - 1 - old[::-1].index(newest)
        for q, row in enumerate(old):
            if q != match:
                away = (q - match) / after if q > match else (match - q) / before
                found[row] = found.get(row, 0) + sim * math.exp(-away)
    total = sum(sim for sim, _ in near)
    return {row: min(weight / total, 1) * rarity(past, row) ** rare for row, weight in found.items()}


def popularity(past, age):
    plays = [0.0] * N_ITEMS
    for s, old in enumerate(past):
        for row in old:
            plays[row] += math.exp((s - len(past) + 1) / age)
    most = max(plays)
    return {row: math.log1p(count) / math.log1p(most) for row, count in enumerate(plays) if most}


def column(found: dict[int, float]) -> np.ndarray:
    return np.array([found.get(row, 0.0) for row in range(N_ITEMS)])
