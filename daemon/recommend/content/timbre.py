"""How far an item's sound is from the set's: timbre and traits, each in standard deviations of the catalogue."""

from typing import NamedTuple

import numpy as np
from numba import njit

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.item import N_TIMBRE, TRAITS, Profile

N_SOUND = N_TIMBRE + len(TRAITS)
WIDTH = 32  # of a packed row: a whole number of vector registers
LIMIT = 4.0  # standard deviations; what is further out counts as this far
SCALE = np.float32(127 / LIMIT)
UNKNOWN = -128


class Standard(NamedTuple):
    """What standardises the numbers of a sound."""

    mean: np.ndarray  # float32 (N_SOUND,)
    spread: np.ndarray  # float32 (N_SOUND,), above 0

    def of(self, sound: np.ndarray) -> np.ndarray:
        """float32 like `sound`, (..., N_SOUND): in standard deviations, NaN where not known."""
        return np.clip((sound - self.mean) / self.spread, -LIMIT, LIMIT).astype(np.float32)


def standard(catalogue: Catalogue) -> Standard:
    """The catalogue's own. A number that nothing or one thing has, or that never changes, spreads by 1."""
    mean, spread = np.zeros(N_SOUND, np.float32), np.ones(N_SOUND, np.float32)
    for column in range(N_SOUND):
        source = catalogue.timbre[:, column] if column < N_TIMBRE else catalogue.traits[:, column - N_TIMBRE]
        known = source[np.isfinite(source)].astype(np.float64)
        if len(known):
            mean[column] = known.mean()
            spread[column] = known.std() if known.std() > 1e-6 else 1.0
    return Standard(mean, spread)


def of_rows(catalogue: Catalogue, rows: np.ndarray) -> np.ndarray:
    """float32 (len(rows), N_SOUND), as it is."""
    return np.concatenate((catalogue.timbre[rows], catalogue.traits[rows]), axis=1)


def of_profile(profile: Profile) -> np.ndarray:
    """float32 (N_SOUND,), as it is."""
    timbre = profile.timbre or (np.nan,) * N_TIMBRE
    traits = [np.nan if value is None else value for value in profile.traits or (None,) * len(TRAITS)]
    return np.array([*timbre, *traits], np.float32)


def packed(catalogue: Catalogue, by: Standard, block: int = 1 << 16) -> np.ndarray:
    """int8 (n, WIDTH): `by.of` in 127ths of LIMIT, UNKNOWN where not known. Made in blocks, to stay small."""
    table = np.full((len(catalogue), WIDTH), UNKNOWN, np.int8)
    for first in range(0, len(catalogue), block):
        rows = np.arange(first, min(first + block, len(catalogue)))
        sound = by.of(of_rows(catalogue, rows))
        known = np.isfinite(sound)
        table[rows, :N_SOUND] = np.where(known, np.rint(np.where(known, sound, 0.0) * SCALE), UNKNOWN)
    return table


@njit(cache=True, nogil=True, error_model="numpy")
def likeness(square, n):
    """1 for the same sound, a half at one standard deviation: `square` is the sum of squares over `n` numbers."""
    return n / (n + square)


def text(distance: float, of: str) -> str:
    """`sound 0.4 deviations from the set's`."""
    return f"sound {distance:.1f} deviations from {of}"
