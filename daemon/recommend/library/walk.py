"""Which files below some folders are of the library, and which of them are new, changed, moved or gone."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from daemon.recommend.library.database import LibraryError

SOUND_SUFFIXES = frozenset(
    {".wav", ".wave", ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".w64", ".rf64"}
    | {".au", ".caf", ".m4a", ".mp4", ".aac", ".wma"}
)
"""Some of these libsndfile does not read: they are named among the bad ones, with what to do."""
MIDI_SUFFIXES = frozenset({".mid", ".midi", ".smf"})
PRESET_SUFFIXES = frozenset({".toml"})
SUFFIXES = SOUND_SUFFIXES | MIDI_SUFFIXES | PRESET_SUFFIXES


class File(NamedTuple):
    """A file as it lies there."""

    path: str  # absolute
    size: int
    mtime_ns: int


def files(places: Iterable[Path], unread: Callable[[str], None]) -> Iterator[File]:
    """Every file of these suffixes in the places (folders or files), in order; hidden ones are passed over. [worker]

    Raises LibraryError for a place that there is not; `unread` is told each folder that cannot be listed.
    """
    roots = [root(place) for place in places]
    for place in roots:
        if not os.path.exists(place):
            raise LibraryError(f"{place}: there is no such folder to scan; check the path, or that the disk is there")
    seen: set[str] = set()
    for place in roots:
        if os.path.isfile(place):
            yield from _files([place], seen)
            continue
        for folder, folders, names in os.walk(place, onerror=lambda error: unread(str(error.filename))):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            wanted = sorted(name for name in names if not name.startswith(".") and _suffix(name) in SUFFIXES)
            yield from _files([os.path.join(folder, name) for name in wanted], seen)


def root(place: Path) -> str:
    """A place as paths of the library begin. [any]"""
    return os.path.abspath(os.path.expanduser(place))


def is_below(path: str, places: Iterable[str]) -> bool:
    """Whether a path is one of the places, or in one. [any]"""
    return any(path == place or path.startswith(place.rstrip(os.sep) + os.sep) for place in places)


def _files(paths: list[str], seen: set[str]) -> Iterator[File]:
    for path in paths:
        if path in seen:
            continue
        seen.add(path)
        try:
            stat = os.stat(path)
            path.encode()
        except (OSError, UnicodeEncodeError):  # it went meanwhile, or its name cannot be kept
            continue
        yield File(path, stat.st_size, stat.st_mtime_ns)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()
