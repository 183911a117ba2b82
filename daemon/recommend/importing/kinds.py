"""Which program a source is of: by what is in it, not by what it is called. And where programs keep theirs."""

import glob
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from daemon.recommend.importing import sqlite
from daemon.recommend.importing.record import ImportingError, Record

READERS = {
    "mixxx": "mixxx",
    "rekordbox": "rekordbox_xml",
    "rekordbox_db": "rekordbox_db",
    "rekordbox_table": "rekordbox_table",
    "traktor": "traktor",
    "serato": "serato",
    "engine": "engine_dj",
    "itunes": "itunes",
    "m3u": "m3u",
    "tracklist": "tracklist",
}
"""The module of each kind."""

PROGRAMS = ("mixxx", "rekordbox", "traktor", "serato", "engine", "itunes", "m3u", "tracklist")
"""What a person names; rekordbox's three kinds are told apart by what is in the file."""

_XML = {b"<DJ_PLAYLISTS": "rekordbox", b"<NML": "traktor", b"<plist": "itunes"}
_INSIDE = ("database V2", "Database2/m.db", "m.db", "collection.nml", "mixxxdb.sqlite", "master.db")


def read(path: Path, program: str = "") -> Record:
    """The record of a source, of the program named or else guessed. Raises ImportingError. [worker]"""
    path = _inside(path)
    kind = program or guessed(path)
    if program == "rekordbox":
        guess = guessed(path, "")
        kind = guess if guess.startswith("rekordbox") else "rekordbox_db" if path.suffix == ".db" else "rekordbox"
    reader: Callable[[Path], Record] = import_module(f"daemon.recommend.importing.{READERS[kind]}").read
    return reader(path)


def found(program: str = "") -> list[tuple[str, Path]]:
    """(program, path) of what is at the usual places of a program's, or of all programs'. [worker]"""
    places = []
    for name in (program,) if program else PROGRAMS:
        for kind in [kind for kind in READERS if kind.partition("_")[0] == name]:
            module = import_module(f"daemon.recommend.importing.{READERS[kind]}")
            for pattern in getattr(module, "PLACES", ()):
                places += [(name, Path(path)) for path in sorted(glob.glob(os.path.expanduser(pattern)))]
    return places


def guessed(path: Path, otherwise: str | None = None) -> str:
    """The kind of a file. Raises ImportingError where it is of none and nothing is said `otherwise`. [worker]"""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise ImportingError(f"{path}: {error.strerror}; name a file or folder that a DJ program made") from None
    if not head:
        raise ImportingError(f"{path}: is empty; name a file or folder that a DJ program made")
    kind = _of_tables(sqlite.tables(path)) if head.startswith(b"SQLite format 3\x00") else _of_text(path, head)
    if kind:
        return kind
    if otherwise is None:
        raise ImportingError(f"{path}: is of no kind that jamd knows; name its program: --from {'|'.join(PROGRAMS)}")
    return otherwise


def _of_tables(tables: set[str]) -> str:
    marks = {"track_locations": "mixxx", "PlaylistEntity": "engine", "HistorylistEntity": "engine"}
    marks["djmdContent"] = "rekordbox_db"
    return next((kind for table, kind in marks.items() if table in tables), "")


def _of_text(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if head.startswith(b"vrsn"):
        return "serato"
    plain = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    for mark, kind in _XML.items():
        if mark in plain:
            return kind
    if plain.startswith(b"#EXTM3U") or suffix in (".m3u", ".m3u8"):
        return "m3u"
    first = plain.partition(b"\n")[0]
    if b"session_id" in first and b"title" in first:
        return "tracklist"
    if b"Track Title" in plain:
        return "rekordbox_table"
    if path.name == "master.db":
        return "rekordbox_db"
    return ""


def _inside(path: Path) -> Path:
    """Of a folder the database within that makes it a program's."""
    if not path.is_dir():
        return path
    for name in _INSIDE:
        if (path / name).is_file():
            return path / name
    raise ImportingError(f"{path}: no database of a DJ program is in this folder; name a file, or another folder")
