"""rekordbox's exported tables: a playlist as TXT (UTF-16, tabs), or the same columns as CSV or JSON.

A TXT is one playlist and its order is kept; a table of another kind is a collection. Tracks have no path in them.
"""

from pathlib import Path
from typing import Any

import msgspec

from daemon.recommend.importing import keys, lines, xml
from daemon.recommend.importing.record import ImportingError, Record

TITLES = ("Track Title", "Name", "Title")


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    data = xml.content(path)
    rows = _of_json(path, data) if path.suffix.lower() == ".json" else lines.table(path, lines.decoded(path, data))
    title = next((name for name in TITLES if any(name in row for row in rows)), None)
    if title is None or not any("Artist" in row for row in rows):
        raise ImportingError(
            f"{path}: has no columns Track Title and Artist; export the playlist from rekordbox as TXT"
        )
    record = Record("rekordbox")
    for number, row in enumerate(rows):
        record.track(
            f"{number}",
            path=row.get("Location"),
            title=row.get(title),
            artist=row.get("Artist"),
            album=row.get("Album"),
            genre=row.get("Genre"),
            comment=row.get("Comments") or row.get("Comment"),
            year=row.get("Year"),
            rating=str(row.get("Rating") or "").count("*"),
            tempo_bpm=row.get("BPM"),
            key=keys.key(row.get("Key")),
            duration_s=lines.seconds(row.get("Time")),
            added=row.get("Date Added"),
        )
    if path.suffix.lower() == ".txt":
        record.list(path.stem, path.stem, list(record.tracks))
    return record


def _of_json(path: Path, data: bytes) -> list[dict[str, Any]]:
    """The rows: a list of objects, or the one list that an object holds."""
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ImportingError(f"{path}: is no JSON ({error}); export it again") from None
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), [])
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
