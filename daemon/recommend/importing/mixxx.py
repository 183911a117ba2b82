"""Mixxx's mixxxdb.sqlite (2.2 to 2.5): tracks, playlists, crates, its history, cues, beat grids. Opened to read only.

A place is kept as samples of two channels; grids are Protocol Buffers (Mixxx's proto/beats.proto): BeatGrid holds
{1: {1: double bpm}, 2: {1: int32 frame}}, BeatMap {1: {1: int32 frame} ...}. Of a BeatMap a line is kept wherever the
tempo changes by more than a thousandth.
"""

import itertools
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, sqlite
from daemon.recommend.importing.record import Record
from daemon.recommend.library.lists import Cue, Grid

PLACES = (
    "~/.mixxx/mixxxdb.sqlite",
    "~/Library/Containers/org.mixxx.mixxx/Data/Library/Application Support/Mixxx/mixxxdb.sqlite",
    "~/Library/Application Support/Mixxx/mixxxdb.sqlite",
)
HISTORY, PLAYLIST = 2, 0  # Playlists.hidden; 1 is what Auto DJ will play
_KINDS = {1: "hot", 2: "load", 4: "loop", 6: "intro", 7: "outro"}


def read(path: Path) -> Record:
    """A Record of everything that Mixxx did not delete. Raises ImportingError. [worker]"""
    record = Record("mixxx")
    with closing(sqlite.opened(path, "Mixxx")) as db, sqlite.said(path):
        cues = _cues(db)
        for row in db.execute(
            """SELECT library.*, track_locations.location AS path FROM library
            JOIN track_locations ON track_locations.id = library.location
            WHERE ifnull(mixxx_deleted, 0) = 0 ORDER BY library.id"""
        ):
            rate = row["samplerate"] if isinstance(row["samplerate"], int) and row["samplerate"] > 0 else 44100
            record.track(
                row["id"],
                path=row["path"],
                title=row["title"],
                artist=row["artist"],
                album=row["album"],
                genre=row["genre"],
                comment=row["comment"],
                year=row["year"],
                rating=row["rating"],
                tempo_bpm=row["bpm"],
                key=_key(row),
                duration_s=row["duration"],
                added=row["datetime_added"],
                cues=[
                    cue._replace(at_s=cue.at_s / rate, length_s=(cue.length_s or 0) / rate)
                    for cue in cues.get(row["id"], [])
                ],
                grid=_grid(row["beats"], row["beats_version"], rate),
            )
        for number, name in db.execute("SELECT id, name FROM crates ORDER BY id"):
            refs = db.execute("SELECT track_id FROM crate_tracks WHERE crate_id = ? ORDER BY track_id", (number,))
            record.list(f"crate {number}", name, (ref for (ref,) in refs), kind="crate")
        for number, name, hidden, made in db.execute(
            "SELECT id, name, hidden, date_created FROM Playlists ORDER BY id"
        ):
            query = "SELECT track_id, pl_datetime_added FROM PlaylistTracks WHERE playlist_id = ? ORDER BY position, id"
            entries = db.execute(query, (number,)).fetchall()
            if hidden == HISTORY and entries:
                record.played(number, ((ref, at) for ref, at in entries), name, started=made)
            elif hidden == PLAYLIST:
                record.list(number, name, (ref for ref, _ in entries))
    return record


def _key(row: sqlite3.Row) -> int:
    number = keys.of_mixxx(row["key_id"])
    return number if number >= 0 else keys.key(row["key"])


def _cues(db: sqlite3.Connection) -> dict[int, list[Cue]]:
    """Each track's, in samples of one channel."""
    found: dict[int, list[Cue]] = {}
    query = "SELECT track_id, type, position, length, hotcue, label, color FROM cues ORDER BY track_id, position, id"
    for track, kind, at, length, slot, label, color in db.execute(query):
        if kind in _KINDS and isinstance(at, (int, float)) and at >= 0:
            shade = f"#{color & 0xFFFFFF:06x}" if isinstance(color, int) and kind in (1, 4) else ""
            spread = length / 2 if kind == 4 and isinstance(length, (int, float)) else None
            found.setdefault(track, []).append(Cue(at / 2, _KINDS[kind], label, shade, spread, slot))
    return found


def _grid(blob: Any, version: Any, rate: int) -> list[Grid]:
    """Empty where there is none that is known."""
    if not isinstance(blob, bytes) or not blob:
        return []
    try:
        fields = list(_fields(blob))
        if str(version).startswith("BeatGrid"):
            first = {number: dict(_fields(value)) for number, value in fields if isinstance(value, bytes)}
            (bpm,) = struct.unpack("<d", first[1][1].to_bytes(8, "little"))
            return [Grid(_signed(first.get(2, {}).get(1, 0)) / rate, bpm)]
        frames = [_signed(dict(_fields(value)).get(1, 0)) for number, value in fields if number == 1]
    except (ValueError, KeyError, AttributeError, OverflowError, TypeError, struct.error):
        return []
    return list(_changes([frame / rate for frame in frames]))


def _changes(beats: list[float]) -> Iterator[Grid]:
    """A line wherever the time between two beats is another than before."""
    step = 0.0
    for start, end in itertools.pairwise(beats):
        if end > start and abs(end - start - step) > 0.001 * step:
            step = end - start
            yield Grid(start, 60.0 / step)


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field of a message: whole numbers, of 64 bits unsigned, or bytes. Raises ValueError."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"a field of kind {kind}")
        size, at = _varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        if at + size > len(data):
            raise ValueError("cut off")
        part, at = data[at : at + size], at + size
        yield tag >> 3, part if kind == 2 else int.from_bytes(part, "little")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << 7 * place
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise ValueError("cut off")


def _signed(value: int) -> int:
    """A protobuf int32, which a negative one fills to 64 bits."""
    return value - (1 << 64) if value >> 63 else value
