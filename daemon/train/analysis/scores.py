"""Scores to play from, packed in one file: notes, beats, chords and keys of pieces, all counted in beats.

A beat is what a foot taps: three eighths in 6/8. Nothing but numpy is needed to read them.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from daemon.errors import UserError

ROLES = ("melody", "chords", "bass", "voice", "other")
MELODY, CHORDS, BASS, VOICE, OTHER = range(len(ROLES))

QUALITIES = ("N", "maj", "min", "7", "maj7", "min7", "dim", "aug", "sus4")
TONES = ((), (0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6), (0, 4, 8), (0, 5, 7))
"""Chord qualities, and the semitones of each above its root; as dsp.harmony has them. -1: not known."""

NOTE = np.dtype([("start", "f4"), ("end", "f4"), ("midi", "u1"), ("velocity", "u1"), ("role", "u1")])
CHORD = np.dtype([("start", "f4"), ("end", "f4"), ("root", "i1"), ("quality", "i1"), ("bass", "i1")])
KEY = np.dtype([("start", "f4"), ("end", "f4"), ("tonic", "i1"), ("mode", "i1")])

GRAIN = 480  # parts of a beat that times are kept in
_SPANS = {"notes": NOTE, "chords": CHORD, "keys": KEY}


class Score(NamedTuple):
    """A piece of n beats; `velocity` 0: not known."""

    source: str  # the collection
    name: str
    notes: np.ndarray  # NOTE, by start, then pitch
    place: np.ndarray  # int8 (n,): the beat's position in its bar, from 1
    of: np.ndarray  # int8 (n,): beats in that bar
    divide: int  # 2, or 3 where beats are dotted
    bpm: float  # 0: not known
    chords: np.ndarray  # CHORD, without gaps or overlaps; empty: not known
    keys: np.ndarray  # KEY; empty: not known
    held: bool  # kept from training, to see how well it went


class ScoresError(UserError):
    """The file is missing or another."""


def save(path: Path, scores: list[Score]) -> None:
    """One compressed file. [any]"""
    packed: dict[str, Any] = {
        "source": np.array([s.source for s in scores]),
        "name": np.array([s.name for s in scores]),
        "divide": np.array([s.divide for s in scores], np.int8),
        "bpm": np.array([s.bpm for s in scores], np.float32),
        "held": np.array([s.held for s in scores]),
        "place": np.concatenate([s.place for s in scores]).astype(np.int8),
        "of": np.concatenate([s.of for s in scores]).astype(np.int8),
        "beats": np.array([len(s.place) for s in scores], np.int32),
    }
    for field, dtype in _SPANS.items():
        rows = [np.asarray(getattr(s, field), dtype) for s in scores]
        packed[f"{field}_n"] = np.array([len(one) for one in rows], np.int32)
        every = np.concatenate(rows)
        begin = np.round(every["start"] * GRAIN).astype(np.int32)
        packed[f"{field}_start"] = np.diff(begin, prepend=0).astype(np.int32)
        packed[f"{field}_length"] = (
            np.round((every["end"] - every["start"]) * GRAIN).clip(0, 2**31 - 1).astype(np.int32)
        )
        for name in dtype.names or ():
            if name not in ("start", "end"):
                packed[f"{field}_{name}"] = every[name]
    with path.open("wb") as file:
        np.savez_compressed(file, **packed)


def load(path: Path) -> list[Score]:
    """The scores of a file. Raises ScoresError. [any]"""
    try:
        with np.load(path) as file:
            packed = {name: file[name] for name in file.files}
        spans = {field: _unpack(packed, field, dtype) for field, dtype in _SPANS.items()}
        edges = np.concatenate([[0], np.cumsum(packed["beats"])])
    except (OSError, ValueError, KeyError) as error:
        raise ScoresError(f"{path}: no scores there ({error}); have `jamd train analysis` write them anew") from None
    return [
        Score(
            str(packed["source"][k]),
            str(packed["name"][k]),
            spans["notes"][k],
            packed["place"][edges[k] : edges[k + 1]],
            packed["of"][edges[k] : edges[k + 1]],
            int(packed["divide"][k]),
            float(packed["bpm"][k]),
            spans["chords"][k],
            spans["keys"][k],
            bool(packed["held"][k]),
        )
        for k in range(len(packed["name"]))
    ]


def _unpack(packed: dict[str, np.ndarray], field: str, dtype: np.dtype) -> list[np.ndarray]:
    every = np.empty(len(packed[f"{field}_start"]), dtype)
    begin = np.cumsum(packed[f"{field}_start"])
    every["start"], every["end"] = begin / GRAIN, (begin + packed[f"{field}_length"]) / GRAIN
    for name in dtype.names or ():
        if name not in ("start", "end"):
            every[name] = packed[f"{field}_{name}"]
    return np.split(every, np.cumsum(packed[f"{field}_n"])[:-1])


def chord_class(root: int, quality: int) -> int:
    """The chord as dsp.activations counts them: root + 12 where it is minor; 24: none; -1: neither major nor minor."""
    if quality == 0:
        return 24
    return {1: root, 3: root, 4: root, 2: root + 12, 5: root + 12}.get(quality, -1)
