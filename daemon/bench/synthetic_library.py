"""A library of any size and a million plays of it, made of chance: what `jamd bench recommend` asks.

Items are of styles, which have a tempo, a timbre and an energy; what is played has a Zipf popularity within its style, and
some pairs are played one after the other again and again, as a real DJ's are.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.item import N_TIMBRE, TRAITS, Item, Profile

STYLES = 40
PER_ARTIST = 12
SET_LENGTH = 25  # of all sets the mean, from half to one and a half of it
DJ_SETS = 40  # a DJ has played
POPULARITY = 0.9  # Zipf's exponent
FOLLOWED = 0.3  # of the plays are what is always played after the one before
BEGAN, LASTED_S = 1.6e9, 5 * 365 * 86400.0


class Synthetic(Catalogue):
    """Its items are made when they are asked for, as a library's are."""

    def __init__(self, n: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.styles = rng.integers(0, STYLES, n)
        tempo, energy = rng.uniform(80, 175, STYLES), rng.uniform(0.3, 0.9, STYLES)
        timbre = rng.standard_normal((STYLES, N_TIMBRE)).astype(np.float32)
        self.ids = np.arange(1, n + 1)
        self.kinds = np.zeros(n, np.uint8)
        self.tempo_bpm = (tempo[self.styles] * rng.normal(1, 0.03, n)).astype(np.float32)
        self.tempo_stability = rng.uniform(0.7, 1, n).astype(np.float32)
        self.keys = rng.integers(0, 24, n).astype(np.int8)
        self.loudness_lufs = rng.normal(-10, 2.5, n).astype(np.float32)
        self.energy = np.clip(energy[self.styles] + rng.normal(0, 0.12, n), 0, 1).astype(np.float32)
        self.onset_density = rng.uniform(1, 9, n).astype(np.float32)
        self.duration_s = rng.normal(330, 60, n).clip(90).astype(np.float32)
        self.chroma = rng.random((n, 12), np.float32)
        self.chroma[np.arange(n), self.keys % 12] += 2
        self.chroma /= self.chroma.sum(axis=1, keepdims=True)
        self.timbre = timbre[self.styles] + 0.7 * rng.standard_normal((n, N_TIMBRE), np.float32)
        self.traits = np.full((n, len(TRAITS)), np.nan, np.float32)
        self.artists = (rng.integers(0, max(1, n // PER_ARTIST // STYLES), n) * STYLES + self.styles).astype(np.int32)
        names = [frozenset([f"style {k}"]) for k in range(STYLES)]
        self.genres = [names[style] for style in self.styles]
        self.items = _Items(self)  # type: ignore[assignment]


class _Items(Sequence[Item]):
    def __init__(self, of: Synthetic) -> None:
        self._of = of

    def __len__(self) -> int:
        return len(self._of.ids)

    @overload
    def __getitem__(self, row: int) -> Item: ...
    @overload
    def __getitem__(self, row: slice) -> list[Item]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[k] for k in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        of = self._of
        profile = Profile(
            duration_s=float(of.duration_s[row]),
            tempo_bpm=float(of.tempo_bpm[row]),
            key=int(of.keys[row]),
            energy=float(of.energy[row]),
            intro_beats=32,
            outro_beats=64,
            first_beat_s=0.1,
        )
        artist, style = f"Artist {of.artists[row]}", f"Style {of.styles[row]}"
        return Item(id=int(row) + 1, title=f"Track {row + 1}", artist=artist, genre=style, profile=profile)


class Sets(NamedTuple):
    """What was played, as `daemon.recommend.collaborative.history.History` takes it."""

    offsets: np.ndarray  # int64 (sets + 1)
    rows: np.ndarray  # int32
    starts: np.ndarray  # float64
    djs: list[str]


def sets(catalogue: Synthetic, n_plays: int, seed: int = 1) -> Sets:
    """About `n_plays`, in sets of one style each. What follows what is the catalogue's: another seed plays it too."""
    rng = np.random.default_rng(seed)
    n = max(1, n_plays // SET_LENGTH)
    members = [np.flatnonzero(catalogue.styles == style) for style in range(STYLES)]
    members = [rows for rows in members if len(rows)]
    after = _after(members, len(catalogue))
    lengths = rng.integers(SET_LENGTH // 2, SET_LENGTH * 3 // 2 + 1, n)
    styles = rng.integers(0, len(members), n)
    played = np.zeros((n, int(lengths.max())), np.int32)
    for style, rows in enumerate(members):
        chance = np.cumsum(1.0 / np.arange(1, len(rows) + 1) ** POPULARITY)
        own = np.flatnonzero(styles == style)
        drawn = np.searchsorted(chance, rng.random((len(own), played.shape[1])) * chance[-1])
        played[own] = rows[np.minimum(drawn, len(rows) - 1)]
    for k in range(1, played.shape[1]):
        follows = rng.random(n) < FOLLOWED
        played[follows, k] = after[played[follows, k - 1]]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    whole = played[np.arange(played.shape[1]) < lengths[:, None]]
    djs = [f"dj {k}" for k in rng.integers(0, max(1, n // DJ_SETS), n)]
    return Sets(offsets, whole, np.sort(BEGAN + LASTED_S * rng.random(n)), djs)


def _after(members: list[np.ndarray], n: int) -> np.ndarray:
    """For each row the one that is always played after it: of its style."""
    rng = np.random.default_rng(0)
    after = np.zeros(n, np.int32)
    for rows in members:
        after[rows] = rng.permutation(rows)
    return after
