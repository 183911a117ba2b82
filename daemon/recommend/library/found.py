"""What a scan is to analyse, what it found, and how that is kept: each file once, however often it is found."""

import time
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from daemon.recommend.item import Item
from daemon.recommend.library import profile, rows, writing
from daemon.recommend.library.store import Library
from daemon.recommend.library.walk import File

PRINT_VERSION = 1
"""Of daemon.recommend.recognition's fingerprints."""


class Task(NamedTuple):
    """A file to analyse; an empty `kind` is what it turns out to be."""

    file: File
    kind: str = ""

    @property
    def path(self) -> str:
        return self.file.path


class Found(NamedTuple):
    """What became of a task: an item, or the reason why there is none; `gone` where the file has disappeared."""

    task: Task
    item: Item | None = None
    beats: bytes = b""  # float32 seconds
    landmarks: bytes = b""  # a fingerprint
    hash: bytes = b""
    reason: str = ""
    gone: bool = False


def keep(library: Library, found: Iterable[Found]) -> None:
    """Write it all in one transaction. Raises LibraryError. [worker]"""
    with library.database.writing() as db:
        for one in found:
            file = one.task.file
            if one.item is not None:
                _keep(library, one, one.item)
                db.execute("DELETE FROM bad WHERE path = ?", (file.path,))
            elif not one.gone:
                db.execute(
                    "INSERT OR REPLACE INTO bad (path, kind, reason, size, mtime_ns, at) VALUES (?, ?, ?, ?, ?, ?)",
                    (file.path, one.task.kind or "track", one.reason, file.size, file.mtime_ns, time.time()),
                )


def _keep(library: Library, one: Found, item: Item) -> None:
    """The item's texts are the tags', where nobody else has said them; its profile is the analysis's."""
    db, file = library.database.connection, one.task.file
    item = msgspec.structs.replace(item, path=file.path)
    old = library.same(item)
    if old is None:
        number = writing.insert(db, item, "scan", profile.VERSION)
    else:
        number = old.id
        (source,) = db.execute("SELECT source FROM items WHERE id = ?", (number,)).fetchone()
        both = rows.merged(old, item, new_wins=source == "scan")
        both = msgspec.structs.replace(both, kind=item.kind, profile=rows.merged_profile(item.profile, old.profile))
        writing.update(db, both, profile.VERSION)
    db.execute(
        "UPDATE items SET size = ?, mtime_ns = ?, hash = ?, gone = 0 WHERE id = ?",
        (file.size, file.mtime_ns, one.hash, number),
    )
    db.execute("INSERT OR REPLACE INTO beats (item_id, beats) VALUES (?, ?)", (number, one.beats))
    if one.landmarks:
        statement = "INSERT OR REPLACE INTO prints (item_id, version, print) VALUES (?, ?, ?)"
        db.execute(statement, (number, PRINT_VERSION, one.landmarks))


class Known(NamedTuple):
    """What the library has of a path."""

    id: int
    size: int | None
    mtime_ns: int | None
    version: int
    kind: str
    gone: bool
    hash: bytes | None


def known(library: Library) -> dict[str, Known]:
    """Every path that the library has an item of. [worker]"""
    query = """SELECT path, id, size, mtime_ns, ifnull(version, 0), kind, gone, hash
        FROM items LEFT JOIN profiles ON item_id = id WHERE path <> ''"""
    with library.database.reading() as db:
        return {path: Known(*row) for path, *row in db.execute(query)}


def known_bad(library: Library) -> dict[str, tuple[int, int]]:
    """Size and mtime_ns of every path that could not be analysed. [worker]"""
    with library.database.reading() as db:
        return {path: (size, mtime) for path, size, mtime in db.execute("SELECT path, size, mtime_ns FROM bad")}
