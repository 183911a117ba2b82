"""The corpus: symbolic music of several collections as pieces of one form, and their parts for learning and judging."""

import hashlib
import os
import pickle
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.errors import UserError
from daemon.generate.context import ChordSpan

NOTES = np.dtype([("tick", "i4"), ("duration", "i4"), ("pitch", "i2"), ("velocity", "u1"), ("part", "u1")])
"""Notes in order of tick, then of pitch from the top; `velocity` 0: the source does not say."""


class Piece(NamedTuple):
    """A piece of music. Tick 0 is a downbeat; an upbeat stands at the end of the first bar."""

    set: str
    name: str
    notes: np.ndarray  # NOTES
    meters: list[tuple[int, int, int]]  # (tick, beats, unit)
    tonic: int
    mode: int  # 0 major, 1 minor
    chords: list[ChordSpan]


class CorpusError(UserError):
    """Nothing to learn from."""


SETS: dict[str, tuple[str, str]] = {
    "nottingham": ("*.abc", "daemon.train.generator.tunes:abc"),
    "ryansMammoth": ("*.abc", "daemon.train.generator.tunes:abc"),
    "oneills1850": ("*.abc", "daemon.train.generator.tunes:abc"),
    "airdsAirs": ("*.abc", "daemon.train.generator.tunes:abc"),
    "openewld": ("*.mxl", "daemon.train.generator.tunes:musicxml"),
    "lieder": ("*.mxl", "daemon.train.generator.tunes:musicxml"),
    "pop909": ("*/*.mid", "daemon.train.generator.songs:song"),
    "jsb": ("*.json", "daemon.train.generator.songs:chorales"),
}
"""Collection -> its files and what reads one of them: (path, set) -> pieces."""

FOLDERS = {"lieder": "openscore_lieder"}
VERSION = 3  # of the readers; another reads everything anew
PARTS = {"test": 1, "dev": 1, "train": 8}
"""Tenths of the pieces."""


def pieces(data: Path, said: Callable[[str], None] = lambda _: None) -> list[Piece]:
    """Every piece of the collections in a folder, or in its `symbolic`. Kept in the cache once read. Raises CorpusError."""
    folder = data / "symbolic" if (data / "symbolic").is_dir() else data
    files = {name: sorted((folder / FOLDERS.get(name, name)).glob(pattern)) for name, (pattern, _) in SETS.items()}
    if not any(files.values()):
        raise CorpusError(f"{data}: no collection there; give a folder that holds some of {', '.join(SETS)}")
    return [piece for name, paths in files.items() if paths for piece in _collection(name, paths, said)]


def _collection(name: str, paths: list[Path], said: Callable[[str], None]) -> list[Piece]:
    kept = _cache(name, paths)
    if kept.exists():
        return pickle.loads(zlib.decompress(kept.read_bytes()))
    try:
        import music21  # noqa: F401
    except ImportError:
        raise CorpusError("music21 is not installed: pip install 'jamd[train]'") from None
    found: list[Piece] = []
    jobs = [(SETS[name][1], path, name) for path in paths]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for n, read in enumerate(pool.map(_read, jobs), 1):
            found += read
            if n % 100 == 0 or n == len(jobs):
                said(f"{name}: read {n} of {len(jobs)} files, {len(found)} pieces")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(zlib.compress(pickle.dumps(found)))
    return found


def _cache(name: str, paths: list[Path]) -> Path:
    listing = "".join(f"{path.name}/{path.stat().st_size} " for path in paths)
    key = hashlib.sha256(f"{VERSION} {listing}".encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jamd" / f"corpus-{name}-{key}"


def _read(job: tuple[str, Path, str]) -> list[Piece]:
    """The pieces of a file that are long enough to learn from."""
    from importlib import import_module

    reader, path, name = job
    module, _, function = reader.partition(":")
    read: Callable[[Path, str], list[Piece]] = getattr(import_module(module), function)
    return [piece for piece in read(path, name) if len(piece.notes) >= 8]


def split(found: list[Piece]) -> dict[str, list[Piece]]:
    """Train, dev and test by the piece's name; from dev and test what repeats a piece of train is left out."""
    from daemon.train.generator.duplicates import without

    total, bounds = sum(PARTS.values()), {}
    below = 0
    for part, tenths in PARTS.items():
        below += tenths
        bounds[part] = below
    parts: dict[str, list[Piece]] = {part: [] for part in PARTS}
    for piece in found:
        place = zlib.crc32(f"{piece.set}/{piece.name}".encode()) % total
        parts[next(part for part, bound in bounds.items() if place < bound)].append(piece)
    return {
        "train": parts["train"],
        "dev": without(parts["train"], parts["dev"]),
        "test": without([*parts["train"], *parts["dev"]], parts["test"]),
    }


def melody(piece: Piece) -> np.ndarray:
    """NOTES of the part that sings, one at a time: the highest of those that start together."""
    notes = piece.notes[piece.notes["part"] == 0]
    if not len(notes):
        return notes
    first = np.ones(len(notes), bool)
    first[1:] = notes["tick"][1:] != notes["tick"][:-1]
    return notes[first]
