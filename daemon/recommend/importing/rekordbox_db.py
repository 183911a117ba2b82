"""rekordbox 6 and 7's own master.db, by pyrekordbox: tracks, playlists, history as sets, cues, and beat grids of ANLZ.

It is encrypted; pyrekordbox opens it with sqlcipher3. A copy is read, so that rekordbox may run and nothing of its is
ever written.
"""

import logging
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, xml
from daemon.recommend.importing.record import ImportingError, Record, folder
from daemon.recommend.library.lists import Cue, Grid

PLACES = ("~/Library/Pioneer/rekordbox/master.db",)
PLAIN = b"SQLite format 3\x00"
FOLDER, SMART = 1, 4


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    xml.needed("pyrekordbox", path)
    with tempfile.TemporaryDirectory(prefix="jamd-") as place:
        copy = Path(place) / "master.db"
        try:
            for ending in ("", "-wal", "-shm"):
                if (file := path.with_name(path.name + ending)).exists():
                    shutil.copyfile(file, copy.with_name(copy.name + ending))
            with copy.open("rb") as opened:
                is_plain = opened.read(len(PLAIN)) == PLAIN
        except OSError as error:
            raise ImportingError(f"{path}: {error.strerror}; name a file that can be read") from None
        return _read(path, copy, is_plain)


def _read(path: Path, copy: Path, is_plain: bool) -> Record:
    from pyrekordbox.masterdb import MasterDatabase
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("pyrekordbox").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            database = MasterDatabase(copy, unlock=not is_plain)
            try:
                with xml.said(path):
                    return _record(database, path.parent)
            finally:
                database.close()
                database.engine.dispose()
    except ImportError:
        raise ImportingError(f"{path}: is encrypted; to open it sqlcipher3 is needed: {xml.INSTALL}") from None
    except (SQLAlchemyError, sqlite3.Error, OSError, MemoryError) as error:
        first = str(error).splitlines()[0][:120]
        raise ImportingError(f"{path}: is damaged, or no database of rekordbox 6 or 7 ({first}); export XML") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "sqlcipher3":
            raise
        raise ImportingError(f"{path}: is damaged, or no database of rekordbox 6 or 7 ({error}); export XML") from None


def _record(database: Any, home: Path) -> Record:
    from pyrekordbox.masterdb import models

    def rows(table: str) -> dict[Any, Any]:
        model = getattr(models, table)
        found = database.session.execute(model.__table__.select()).mappings()
        return {row["ID"]: row for row in found if not row.get("rb_local_deleted")}

    record = Record("rekordbox")
    names = {table: rows(table) for table in ("DjmdArtist", "DjmdAlbum", "DjmdGenre")}
    scales = {ref: row["ScaleName"] for ref, row in rows("DjmdKey").items()}
    cues: dict[Any, list[Cue]] = {}
    for row in rows("DjmdCue").values():
        cues.setdefault(row["ContentID"], []).append(_cue(row))

    def name(table: str, ref: Any) -> Any:
        return names[table][ref]["Name"] if ref in names[table] else None

    for ref, row in rows("DjmdContent").items():
        record.track(
            ref,
            path=row["FolderPath"],
            title=row["Title"] or row["FileNameL"],
            artist=name("DjmdArtist", row["ArtistID"]),
            album=name("DjmdAlbum", row["AlbumID"]),
            genre=name("DjmdGenre", row["GenreID"]),
            comment=row["Commnt"],
            year=row["ReleaseYear"],
            rating=row["Rating"],
            tempo_bpm=row["BPM"] / 100 if isinstance(row["BPM"], int) else None,
            key=keys.key(scales.get(row["KeyID"])),
            duration_s=row["Length"],
            added=row["StockDate"] or row["DateCreated"],
            cues=cues.get(ref, ()),
            grid=_grid(home, row["AnalysisDataPath"]),
        )
    _lists(record, rows("DjmdPlaylist"), rows("DjmdSongPlaylist"))
    _sets(record, rows("DjmdHistory"), rows("DjmdSongHistory"))
    return record


def _grouped(songs: dict[Any, Any], column: str) -> dict[Any, list[Any]]:
    """Each list's songs in their order."""
    found: dict[Any, list[Any]] = {}
    for song in sorted(songs.values(), key=lambda song: (song["TrackNo"] or 0, str(song["ID"]))):
        found.setdefault(song[column], []).append(song)
    return found


def _lists(record: Record, lists: dict[Any, Any], songs: dict[Any, Any]) -> None:
    above = {ref: (row["Name"] or "", row["ParentID"]) for ref, row in lists.items()}
    by_list = _grouped(songs, "PlaylistID")
    for ref, row in lists.items():
        if row["Attribute"] not in (FOLDER, SMART):
            inside = [song["ContentID"] for song in by_list.get(ref, ())]
            record.list(ref, row["Name"], inside, folder(row["ParentID"], above))


def _sets(record: Record, sets: dict[Any, Any], songs: dict[Any, Any]) -> None:
    by_set = _grouped(songs, "HistoryID")
    for ref, row in sets.items():
        if ref in by_set:
            plays = [(song["ContentID"], song["created_at"]) for song in by_set[ref]]
            record.played(ref, plays, row["Name"], started=row["DateCreated"])


def _cue(row: Any) -> Cue:
    """Kind 0 is a memory cue, else a hot cue's number from 1 (4, for a loop, is passed over)."""
    start, end, kind = row["InMsec"], row["OutMsec"], row["Kind"]
    is_loop = isinstance(end, int) and isinstance(start, int) and end > start
    slot = kind - 1 - (kind > 4) if isinstance(kind, int) and kind > 0 else None
    word = "loop" if is_loop else "cue" if slot is None else "hot"
    at = start / 1000 if isinstance(start, int) else None
    return Cue(at, word, row["Comment"], "", (end - start) / 1000 if is_loop else None, slot)  # type: ignore[arg-type]


def _grid(home: Path, kept: Any) -> Iterator[Grid]:
    """Of the track's ANLZ file, where it is here: a line wherever tempo changes, from a downbeat on."""
    path = home / "share" / str(kept or "").lstrip("/")
    if not kept or not path.is_file():
        return
    from pyrekordbox.anlz import AnlzFile

    try:
        beats, bpms, times = AnlzFile.parse_file(path).get("beat_grid")
    except Exception:  # whatever construct says of a damaged file; the track is taken without its grid
        return
    last = 0.0
    for beat, bpm, at in zip(beats, bpms, times, strict=False):
        if int(beat) == 1 and float(bpm) != last:
            last = float(bpm)
            yield Grid(float(at), last)
