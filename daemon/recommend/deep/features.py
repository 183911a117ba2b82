"""An item as the network sees it: numbers for how it sounds, and words for what it is called."""

import zlib

import numpy as np

from daemon.recommend.catalogue import Catalogue, folded

BUCKETS = 1 << 13  # hashed words; 0 is no word
MAX_POSITION = 40  # of an item in its session, that the network tells apart
N_TOKENS = 12  # an artist first, then words of genre, tags and title
WHEEL = np.array([8, 3, 10, 5, 12, 7, 2, 9, 4, 11, 6, 1], np.int64)
"""Camelot number of C major, C sharp major, ... B major; a minor key's is that of its relative major."""


def numbers(catalogue: Catalogue) -> np.ndarray:
    """float32 (n, N_NUMBERS): each about -1..1, 0 where not known, with flags of what is."""
    n = len(catalogue)
    octave = np.log2(np.where(catalogue.tempo_bpm > 0, catalogue.tempo_bpm, np.nan)) * 2 * np.pi
    key = catalogue.keys.astype(np.int64)
    minor = key >= 12
    wheel = WHEEL[np.where(minor, key + 3, key) % 12] * (np.pi / 6)
    no_key = key < 0
    columns = [
        np.sin(octave),
        np.cos(octave),
        np.where(no_key, np.nan, np.sin(wheel)),
        np.where(no_key, np.nan, np.cos(wheel)),
        np.where(no_key, np.nan, minor * 2.0 - 1.0),
        catalogue.energy * 2 - 1,
        np.clip((catalogue.loudness_lufs + 10) / 6, -2, 2),
        np.clip(catalogue.onset_density / 4 - 1, -2, 2),
        np.clip(np.log2(np.maximum(catalogue.duration_s, 1) / 240), -2, 2),
        *(catalogue.traits.T * 2 - 1),
        *(catalogue.chroma.T * 12 - 1),
        *np.clip(catalogue.timbre.T, -3, 3),
    ]
    known = [np.isfinite(column) for column in (columns[0], columns[2], columns[5], catalogue.traits[:, 0])]
    known += [np.isfinite(catalogue.chroma[:, 0]), np.isfinite(catalogue.timbre[:, 0])]
    table = np.empty((n, len(columns) + len(known)), np.float32)
    for index, column in enumerate((*columns, *known)):
        table[:, index] = np.nan_to_num(column, nan=0.0)
    return table


N_NUMBERS = 9 + 5 + 12 + 24 + 6


def words(catalogue: Catalogue) -> np.ndarray:
    """int64 (n, N_TOKENS): hashed words (CRC-32), 0 where there are fewer."""
    table = np.zeros((len(catalogue), N_TOKENS), np.int64)
    for row, item in enumerate(catalogue.items):
        names = [f"artist {folded(item.artist)}"] if item.artist else []
        names += [f"genre {genre}" for genre in sorted(catalogue.genres[row])]
        names += [f"tag {folded(tag)}" for tag in item.tags]
        names += [f"word {word}" for word in folded(item.artist).split() + folded(item.title).split()]
        for column, name in enumerate(names[:N_TOKENS]):
            table[row, column] = 1 + zlib.crc32(name.encode()) % (BUCKETS - 1)
    return table
