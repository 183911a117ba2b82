"""A library as columns, one row an item: what kernels run over. A snapshot; a library that grew gives another."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from daemon.recommend.item import KINDS, N_TIMBRE, TRAITS, Item, Profile

NOBODY = -1
"""The artist of an item whose artist is not known."""


class Catalogue:
    """Columns of equal length; NaN where a number is not known. Never written to after it was made. [any]"""

    def __init__(self, items: Iterable[Item]) -> None:
        """Copies what is needed; `ids` must be unique."""
        self.items = list(items)
        n = len(self.items)
        profiles = [item.profile for item in self.items]
        self.ids = np.fromiter((item.id for item in self.items), np.int64, n)
        self.kinds = np.fromiter((KINDS.index(item.kind) for item in self.items), np.uint8, n)
        self.tempo_bpm = _column(profiles, "tempo_bpm")
        self.tempo_stability = _column(profiles, "tempo_stability")
        self.keys = np.fromiter((profile.key for profile in profiles), np.int8, n)
        self.loudness_lufs = _column(profiles, "loudness_lufs")
        self.energy = _column(profiles, "energy")
        self.onset_density = _column(profiles, "onset_density")
        self.duration_s = _column(profiles, "duration_s")
        self.chroma = _rows(profiles, "chroma", 12)
        self.timbre = _rows(profiles, "timbre", N_TIMBRE)
        self.traits = _rows(profiles, "traits", len(TRAITS))
        self.artists = artist_codes(item.artist for item in self.items)
        self.genres = genre_sets(item.genre for item in self.items)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def rows(self) -> dict[int, int]:
        """id -> row."""
        return {int(number): row for row, number in enumerate(self.ids)}

    @cached_property
    def genre_codes(self) -> tuple[list[frozenset[str]], np.ndarray]:
        """(the different ones of `genres`, int32: which of them each row has)."""
        codes: dict[frozenset[str], int] = {}
        rows = np.fromiter((codes.setdefault(names, len(codes)) for names in self.genres), np.int32, len(self))
        return list(codes), rows


def folded(text: str) -> str:
    """A name as it is compared: without case, accents and punctuation, spaces single."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))


def artist_codes(names: Iterable[str]) -> np.ndarray:
    """int32: one number a folded name, in order of first sight; NOBODY for none."""
    codes: dict[str, int] = {"": NOBODY}  # by folded name
    known: dict[str, int] = {}  # by the name as it stands: folding costs
    found = []
    for name in names:
        if name not in known:
            known[name] = codes.setdefault(folded(name), len(codes) - 1)
        found.append(known[name])
    return np.array(found, np.int32)


def genre_sets(genres: Iterable[str]) -> list[frozenset[str]]:
    """The folded names in each text of genres."""
    known: dict[str, frozenset[str]] = {}
    return [known.get(genre) or known.setdefault(genre, _split(genre)) for genre in genres]


def _split(genre: str) -> frozenset[str]:
    return frozenset(folded(part) for part in re.split(r"[;,/]", genre) if part.strip())


def _column(profiles: list[Profile], name: str) -> np.ndarray:
    values = (getattr(profile, name) for profile in profiles)
    return np.fromiter((np.nan if value is None else value for value in values), np.float32, len(profiles))


def _rows(profiles: list[Profile], name: str, width: int) -> np.ndarray:
    """float32 of shape (n, width)."""
    rows = np.full((len(profiles), width), np.nan, np.float32)
    for row, profile in enumerate(profiles):
        values = getattr(profile, name)
        if values:
            rows[row] = [np.nan if value is None else value for value in values]
    return rows
