"""How long a stretch of a phrase stands, note for note, in music that was learnt: in any key.

What is compared is the interval from note to note and the time between their onsets, or the intervals alone. A shared
stretch of n notes is a shared n-gram of n - 1 of these; the longest is found by growing n until no phrase shares one.
"""

from collections.abc import Sequence

import numpy as np

_END = np.int64(1) << 40
"""What stands between two melodies is found in none."""


def longest(
    train: Sequence[np.ndarray],
    phrases: Sequence[np.ndarray],
    rhythm: bool = True,
    prompts: Sequence[np.ndarray] | None = None,
) -> list[int]:
    """Of each phrase, the notes of the longest stretch that a melody of `train` has too; at least its first, if any.

    With `prompts`, one to a phrase, a stretch that the phrase's own prompt has is the player's, and does not count.
    Melodies are structured (tick, pitch), one note after the other, ticks in 1/24 quarter. [any]
    """
    known, _ = _steps(train, rhythm)
    sought, owner = _steps(phrases, rhythm, begin=-1)
    told, teller = _steps(prompts or [], rhythm, begin=-2)
    found = [min(1, len(phrase)) for phrase in phrases]
    there = np.arange(len(sought))  # where an n-gram begins that is shared so far
    known_hash, sought_hash, told_hash = (one.astype(np.uint64) for one in (known, sought, told))
    n = 1
    while len(there):
        there = there[np.isin(sought_hash[there], known_hash)]
        is_told = np.isin(_owned(sought_hash[there], owner[there]), _owned(told_hash, teller[: len(told_hash)]))
        for phrase in np.unique(owner[there[~is_told]]):
            found[phrase] = n + 1
        there = there[there + n < len(sought)]
        known_hash, sought_hash, told_hash = (
            _longer(hashes[: max(0, len(steps) - n)], steps[n:])
            for hashes, steps in ((known_hash, known), (sought_hash, sought), (told_hash, told))
        )
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


def _owned(hashes: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The hashes, other ones for each owner."""
    return hashes ^ (owner.astype(np.uint64) * np.uint64(0x94D049BB133111EB))
