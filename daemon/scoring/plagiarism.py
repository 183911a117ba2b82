"""How long a stretch of a phrase stands, note for note, in music that was learnt: in any key.

What is compared is the interval from note to note and the time between their onsets, or the intervals alone. A shared
stretch of n notes is a shared n-gram of n - 1 of these; the longest is found by growing n until no phrase shares one.
"""

from collections.abc import Sequence

import numpy as np

_END = np.int64(1) << 40
"""What stands between two melodies is found in none."""


def longest(train: Sequence[np.ndarray], phrases: Sequence[np.ndarray], rhythm: bool = True) -> list[int]:
    """Of each phrase, the notes of the longest stretch that a melody of `train` has too; at least its first, if any.

    Melodies are structured (tick, pitch), one note after the other, ticks in 1/24 quarter. [any]
    """
    known, _ = _steps(train, rhythm)
    sought, owner = _steps(phrases, rhythm, begin=-1)
    found = [min(1, len(phrase)) for phrase in phrases]
    there = np.arange(len(sought))  # where an n-gram begins that is shared so far
    known_hash, sought_hash = known.astype(np.uint64), sought.astype(np.uint64)
    n = 1
    while len(there):
        there = there[np.isin(sought_hash[there], known_hash)]
        for phrase in np.unique(owner[there]):
            found[phrase] = n + 1
        there = there[there + n < len(sought)]
        known_hash = _longer(known_hash[:-1], known[n:])
        sought_hash = _longer(sought_hash[: len(sought) - n], sought[n:])
        n += 1
    return found


def _steps(melodies: Sequence[np.ndarray], rhythm: bool, begin: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Every melody's steps end to end, what divides them numbered away from `begin`; and the melody of each step."""
    parts: list[np.ndarray] = [np.zeros(0, np.int64)]
    owners: list[np.ndarray] = [np.zeros(0, np.int64)]
    for number, melody in enumerate(melodies):
        step = np.diff(melody["pitch"].astype(np.int64)) + 128
        if rhythm:
            step = step * 4096 + np.minimum(np.diff(melody["tick"].astype(np.int64)), 4095)
        parts += [step, np.array([begin * (_END + number)])]
        owners.append(np.full(len(step) + 1, number))
    return np.concatenate(parts), np.concatenate(owners)


def _longer(hashes: np.ndarray, following: np.ndarray) -> np.ndarray:
    """The hashes of n-grams that are one longer."""
    mixed = (hashes ^ (following.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(31))
