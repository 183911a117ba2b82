"""Finds the same tune under another name, in another key or written in other note values.

Two melodies share what n-grams of (interval, ratio of the times between onsets) they share: these stay the same where
a tune is transposed, or written in notes twice as long (Uitdenbogerd & Zobel, Melodic matching techniques for large
music databases, 1999; Doraisamy & Rueger 2003). Collections print variants, with other ornaments and dotted for even,
so intervals alone count too, over longer stretches, which chance does not fill; there, scales and repeated notes say
nothing of a tune.
"""

from collections.abc import Sequence

import numpy as np

from daemon.train.generator.corpus import Piece, melody

NOTES = 8
"""Notes in an n-gram of intervals and ratios."""

NOTES_BY_PITCH = 12
"""Notes in an n-gram of intervals alone."""

VARIED = 4
"""So many different intervals has an n-gram of intervals alone, or it counts as shared with nobody."""

_NOBODY = np.uint64(0)

SAME = 0.3
"""A melody that shares so much with another is taken for a variant of it. In the four folk tune sets, pairs above are
one tune by their titles, with hardly an exception; below 0.2 they mostly share a turn of phrase."""

_PRIME = np.uint64(0x100000001B3)


def grams(melody: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hashed n-grams of a melody, uint64, in order: of (interval, ratio), and of intervals alone; 0 is nobody's.

    `melody` is structured (tick, pitch), one note after the other; it may be shorter than an n-gram. [any]
    """
    interval = np.diff(melody["pitch"].astype(np.int64))
    time = np.maximum(np.diff(melody["tick"].astype(np.int64)), 1)
    ratio = np.round(24 * np.log2(time[1:] / time[:-1])).astype(np.int64)
    both = interval[1:] * 4096 + ratio
    by_pitch = _rolled(interval, NOTES_BY_PITCH - 1)
    if len(by_pitch):
        windows = np.sort(np.lib.stride_tricks.sliding_window_view(interval, NOTES_BY_PITCH - 1))
        by_pitch[1 + (np.diff(windows) != 0).sum(axis=1) < VARIED] = _NOBODY
    return _rolled(both, NOTES - 2, start=interval[:-1]), by_pitch


def _rolled(symbols: np.ndarray, n: int, start: np.ndarray | None = None) -> np.ndarray:
    """The hash of every `n` symbols in a row (FNV-1a); `start` is mixed in first."""
    count = len(symbols) - n + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    found = np.full(count, 0xCBF29CE484222325, np.uint64)
    for part in ([start[:count]] if start is not None else []) + [symbols[k : k + count] for k in range(n)]:
        found = (found ^ part.view(np.uint64)) * _PRIME
        found ^= found >> np.uint64(29)
    return found


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """How much of melody `a` is in melody `b`, 0 to 1: the greater of its shares of common n-grams of the two kinds."""
    return max(
        float(np.isin(mine, its[its != _NOBODY]).mean()) if len(mine) else 0.0
        for mine, its in zip(grams(a), grams(b), strict=True)
    )


def nearest(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> list[tuple[int, float]]:
    """For each melody of `test`, the melody of `train` that holds most of it, and `overlap` with that; (-1, 0) if none."""
    best = np.full(len(test), -1)
    share = np.zeros(len(test))
    known, sought = [grams(melody) for melody in train], [grams(melody) for melody in test]
    for kind in range(2):
        index, owner = _index([hashes[kind] for hashes in known])
        for at, hashes in enumerate(sought):
            mine, times = np.unique(hashes[kind], return_counts=True)
            low, high = np.searchsorted(index, mine, "left"), np.searchsorted(index, mine, "right")
            if not (high > low).any():
                continue
            # every (n-gram of mine, owner) pair once: where the lists of owners lie, end to end
            lengths = high - low
            where = np.repeat(low - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
            shared = np.bincount(owner[where], np.repeat(times, lengths), len(train)) / times.sum()
            if shared.max() > share[at]:
                best[at], share[at] = shared.argmax(), shared.max()
    return [(int(who), float(how)) for who, how in zip(best, share, strict=True)]


def _index(hashes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted hashes, each once per melody that has it, and those melodies' places in the list."""
    own = [np.unique(mine[mine != _NOBODY]) for mine in hashes]
    every = np.concatenate([np.zeros(0, np.uint64), *own])
    owner = np.repeat(np.arange(len(own)), [len(mine) for mine in own])
    order = np.argsort(every, kind="stable")
    return every[order], owner[order]


def without(train: Sequence[Piece], test: Sequence[Piece], same: float = SAME) -> list[Piece]:
    """The pieces of `test` whose melodies are variants of none in `train`, in order. [any]"""
    found = nearest([melody(piece) for piece in train], [melody(piece) for piece in test])
    return [piece for piece, (_, share) in zip(test, found, strict=True) if share < same]
