"""A Record put into the library, in one transaction: all of it or nothing.

A track is the item of its path; else, where its file is not here, one of the same artist and title (folded) that lasts
as long. What the DJ's scan knows is not overwritten, only its gaps are filled; what the same program said before is.
Tracks whose file is missing are kept: histories speak of them.
"""

import os
import sqlite3
from typing import Any

import msgspec

from daemon.recommend.catalogue import folded
from daemon.recommend.importing.record import Record, Track
from daemon.recommend.item import Item, Profile
from daemon.recommend.library import writing
from daemon.recommend.library.history import Play
from daemon.recommend.library.store import Library

SAME_S = 2.0
"""Two lengths of one recording, as two programs measure them, differ by less."""


class Taken(msgspec.Struct):
    """What came in."""

    source: str
    path: str = ""
    new: int = 0
    known: int = 0
    playlists: int = 0
    crates: int = 0
    sets: int = 0
    plays: int = 0
    cues: int = 0
    grids: int = 0
    missing: int = 0  # tracks whose file is not here
    left_out: list[tuple[str, str]] = []


def take(library: Library, record: Record) -> Taken:
    """Put it in. Raises LibraryError, and then nothing has changed. [worker]"""
    taken = Taken(record.source, left_out=list(record.left_out))
    tags = _tags(record)
    with library.database.writing() as db:
        matching = _Matching(library, db)
        ids: dict[str, int] = {}
        for ref, track in record.tracks.items():
            item = _item(track, tags.get(ref, ()))
            ids[ref], is_new = matching.put(item, record.source)
            taken.new += is_new
            taken.known += not is_new
            taken.missing += not (item.path and os.path.exists(item.path))
            if track.cues:
                library.lists.put_cues(ids[ref], record.source, track.cues)
                taken.cues += len(track.cues)
            if track.grid:
                library.lists.put_grid(ids[ref], record.source, track.grid)
                taken.grids += 1
        for one in record.lists:
            inside = [ids[ref] for ref in one.tracks if ref in ids]
            if inside:
                library.lists.put(record.source, one.ref, one.name, inside, one.folder, one.kind)
                taken.crates += one.kind == "crate"
                taken.playlists += one.kind != "crate"
        for played in record.sets:
            plays = [Play(ids[ref], at) for ref, at in played.plays if ref in ids]
            if plays:
                library.history.put(record.source, played.ref, plays, played.dj, played.name, played.started)
                taken.sets += 1
                taken.plays += len(plays)
    return taken


class _Matching:
    """Which item of the library a track is. Titles without an artist are found by the title alone, without a path."""

    def __init__(self, library: Library, db: sqlite3.Connection) -> None:
        self._library, self._db = library, db
        alone = db.execute("SELECT id, title FROM items WHERE name = '' AND path = '' AND artist = '' ORDER BY id DESC")
        self._alone = {folded(title): number for number, title in alone}
        self._taken: set[int] = set()

    def put(self, item: Item, source: str) -> tuple[int, bool]:
        """The item's id, and whether it is new."""
        number = self._known(item)
        is_new = number is None
        if number is None:
            number = writing.insert(self._db, item, source)
            if not item.path and not item.artist:
                self._alone[folded(item.title)] = number
        else:
            old = self._library.item(number)
            assert old is not None
            (first,) = self._db.execute("SELECT source FROM items WHERE id = ?", (number,)).fetchone()
            writing.merge(self._db, old, item, new_wins=first == source)
        self._taken.add(number)
        return number, is_new

    def _known(self, item: Item) -> int | None:
        if item.path:
            row = self._db.execute("SELECT id FROM items WHERE path = ? AND path <> ''", (item.path,)).fetchone()
            if row is not None:
                return int(row[0])
        if not item.artist or not item.title:
            return None if item.path or not item.title else self._alone.get(folded(item.title))
        query = """SELECT id, path, duration_s FROM items LEFT JOIN profiles ON item_id = id
            WHERE name = ? AND kind = 'track' ORDER BY path = '', id"""
        name = f"{folded(item.artist)} - {folded(item.title)}"
        is_here = bool(item.path) and os.path.exists(item.path)
        for number, path, lasts in self._db.execute(query, (name,)).fetchall():
            if path and item.path and (is_here or number in self._taken):
                continue  # two files of one name are two items
            if _as_long(item.profile.duration_s, lasts, is_sure=bool(path and item.path)):
                return int(number)
        return None


def _as_long(one: float | None, other: Any, is_sure: bool) -> bool:
    """Whether two lengths are one recording's; `is_sure` where one that is not known is not enough."""
    if one is None or other is None:
        return not is_sure
    return bool(abs(one - other) <= SAME_S)


def _item(track: Track, tags: tuple[str, ...]) -> Item:
    return Item(
        id=0,
        path=track.path,
        title=track.title,
        artist=track.artist,
        album=track.album,
        genre=track.genre,
        tags=tags,
        year=track.year,
        rating=track.rating,
        added=track.added,
        profile=Profile(duration_s=track.duration_s, tempo_bpm=track.tempo_bpm, key=track.key),
    )


def _tags(record: Record) -> dict[str, tuple[str, ...]]:
    """The DJ's own words for each track: its crates, and what begins with # in its comment."""
    found: dict[str, dict[str, None]] = {}
    for ref, track in record.tracks.items():
        for word in track.comment.split():
            if word.startswith("#") and len(word) > 1:
                found.setdefault(ref, {})[word[1:]] = None
    for one in record.lists:
        for ref in one.tracks if one.kind == "crate" and one.name else ():
            found.setdefault(ref, {})[one.name] = None
    return {ref: tuple(words) for ref, words in found.items()}
