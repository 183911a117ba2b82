"""Engine DJ's library (2 to 4): Database2/m.db and beside it hm.db, the history; tracks, playlists, sets, cues, grids.

Blobs as libdjinterop documents them: a length of four bytes, then zlib. A playlist is a chain of entries.
"""

import itertools
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, sqlite
from daemon.recommend.importing.record import ImportingError, Record, folder, number
from daemon.recommend.library.lists import Cue, Grid

PLACES = ("~/Music/Engine Library",)
_BLOB = 1 << 24  # bytes that a blob may unpack to
_BROKEN = (struct.error, zlib.error, ValueError, IndexError, ZeroDivisionError)


def read(path: Path) -> Record:
    """Of the folder "Engine Library", or of m.db. Raises ImportingError. [worker]"""
    if path.is_dir():
        path = next((here for here in (path / "Database2" / "m.db", path / "m.db") if here.is_file()), path / "m.db")
    record = Record("engine")
    home = path.absolute().parent.parent  # what paths start from
    if path.name.lower() != "hm.db":
        with closing(sqlite.opened(path, "Engine DJ")) as db, sqlite.said(path):
            _tracks(record, db, home, "")
            _lists(record, db)
    history = path.with_name("hm.db")
    if history.is_file():
        try:
            with closing(sqlite.opened(history, "Engine DJ")) as db, sqlite.said(history):
                _sets(record, db, home)
        except ImportingError as error:
            if path.name.lower() == "hm.db":
                raise
            record.leave(history.name, str(error))
    return record


def _tracks(record: Record, db: sqlite3.Connection, home: Path, prefix: str) -> None:
    marks = {}
    if "PerformanceData" in {name for (name,) in db.execute("SELECT name FROM sqlite_master")}:
        marks = {row["trackId"]: row for row in db.execute("SELECT * FROM PerformanceData")}
    for row in db.execute("SELECT * FROM Track ORDER BY id"):
        track = dict(row)
        mark = dict(marks[track["id"]]) if track["id"] in marks else {}
        grid, rate = _grid(mark.get("beatData"))
        stars = number(track.get("rating"), 0, 100)
        record.track(
            f"{prefix}{track['id']}",
            path=_path(home, track.get("path")),
            title=track.get("title") or track.get("filename"),
            artist=track.get("artist"),
            album=track.get("album"),
            genre=track.get("genre"),
            comment=track.get("comment"),
            year=track.get("year"),
            rating=None if stars is None else stars / 20,
            tempo_bpm=track.get("bpmAnalyzed") or track.get("bpm"),
            key=keys.of_engine(track.get("key")),
            duration_s=track.get("length"),
            added=track.get("dateAdded"),
            cues=[*_cues(mark.get("quickCues"), rate), *_loops(mark.get("loops"), rate)],
            grid=grid,
        )


def _path(home: Path, kept: Any) -> str:
    """As kept, "../Music/x.mp3", seen from the folder "Engine Library"."""
    kept = str(kept or "").replace("\x00", "")
    if not kept or kept.startswith("/") or kept[1:2] == ":":
        return kept
    while kept.startswith("../"):
        home, kept = home.parent, kept[3:]
    return str(home / kept)


def _lists(record: Record, db: sqlite3.Connection) -> None:
    lists = db.execute("SELECT id, title, parentListId FROM Playlist ORDER BY id").fetchall()
    above = {ref: (str(title), parent) for ref, title, parent in lists}
    for ref, title, parent in lists:
        query = "SELECT id, trackId, nextEntityId FROM PlaylistEntity WHERE listId = ? ORDER BY id"
        entries = {entry: (track, after) for entry, track, after in db.execute(query, (ref,))}
        if entries:
            record.list(ref, title, _chained(entries), folder(parent, above))


def _chained(entries: dict[Any, tuple[Any, Any]]) -> list[Any]:
    """Tracks in order: from each entry that none points at along the chain; what is in a circle comes last."""
    heads = [*(entries.keys() - {after for _, after in entries.values()})]
    order: dict[Any, None] = {}
    for start in [*sorted(heads, key=str), *entries]:
        entry = start
        while entry in entries and entry not in order:
            order[entry] = None
            entry = entries[entry][1]
    return [entries[entry][0] for entry in order]


def _sets(record: Record, db: sqlite3.Connection, home: Path) -> None:
    """The history has a table of tracks of its own; of one that the library has too, the library's is meant."""
    by_path = {track.path: ref for ref, track in record.tracks.items() if track.path}
    _tracks(record, db, home, "history ")
    own = {ref: by_path[track.path] for ref, track in record.tracks.items() if track.path in by_path}
    for ref in own.keys() - by_path.values():
        del record.tracks[ref]
    for ref, title, started in db.execute("SELECT id, title, startTime FROM Historylist ORDER BY id").fetchall():
        query = "SELECT trackId, startTime FROM HistorylistEntity WHERE listId = ? ORDER BY startTime, id"
        plays = [(own.get(f"history {track}", f"history {track}"), at) for track, at in db.execute(query, (ref,))]
        if plays:
            record.played(ref, plays, title, started=started)


def _unpacked(blob: Any) -> bytes:
    if not isinstance(blob, bytes) or len(blob) < 5:
        return b""
    return zlib.decompressobj().decompress(blob[4:], _BLOB)


def _grid(blob: Any) -> tuple[list[Grid], float]:
    """(lines, samples a second) of beatData: the grid that the DJ adjusted."""
    with suppress(*_BROKEN):
        data = _unpacked(blob)
        if len(data) >= 33:
            (rate,) = struct.unpack_from(">d", data)
            first, at = _markers(data, 17)
            adjusted, _ = _markers(data, at)
            return list(_changes(adjusted or first, rate)), rate
    return [], 44100.0


def _markers(data: bytes, at: int) -> tuple[list[tuple[float, int]], int]:
    """((sample, beat's number) ..., where they end)."""
    (count,) = struct.unpack_from(">q", data, at)
    at += 8
    if not 0 <= count <= (len(data) - at) // 24:
        raise ValueError("cut off")
    return [struct.unpack_from("<dq", data, at + 24 * k) for k in range(count)], at + 24 * count


def _changes(markers: list[tuple[float, int]], rate: float) -> Iterator[Grid]:
    for (sample, beat), (end, last) in itertools.pairwise(markers):
        if end > sample and last > beat:
            per_beat = (end - sample) / (last - beat)
            ahead = -beat % 4  # the first downbeat from here on
            yield Grid((sample + ahead * per_beat) / rate, 60.0 * rate / per_beat)


def _cues(blob: Any, rate: float) -> Iterator[Cue]:
    """quickCues: big-endian; -1 where a slot is empty."""
    with suppress(*_BROKEN):
        data = _unpacked(blob)
        (count,) = struct.unpack_from(">q", data)
        at = 8
        for slot in range(min(count, 64)):
            size = data[at]
            name = data[at + 1 : at + 1 + size].decode("utf-8", "replace")
            place, _, red, green, blue = struct.unpack_from(">d4B", data, at + 1 + size)
            at += 13 + size
            if place >= 0:
                yield Cue(place / rate, "hot", name, f"#{red:02x}{green:02x}{blue:02x}", None, slot)


def _loops(blob: Any, rate: float) -> Iterator[Cue]:
    """loops: not packed, little-endian."""
    with suppress(*_BROKEN):
        data = blob if isinstance(blob, bytes) else b""
        (count,) = struct.unpack_from("<q", data)
        at = 8
        for slot in range(min(count, 64)):
            size = data[at]
            name = data[at + 1 : at + 1 + size].decode("utf-8", "replace")
            start, end, has_start, has_end = struct.unpack_from("<dd2B", data, at + 1 + size)
            at += 23 + size
            if has_start and has_end and end > start >= 0:
                yield Cue(start / rate, "loop", name, "", (end - start) / rate, slot)
