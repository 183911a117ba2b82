"""Other DJs' tracklists: a table, by tabs or commas, of session_id, date, dj, pos, track_id and title, as sets.

Further columns that are known: artist (else "Artist - Title" is taken apart), path, set_title, and offset or timestamp,
"1:02:03" after the set's start. A row's order is `pos` where it is a number.
"""

from pathlib import Path

from daemon.recommend.importing import lines
from daemon.recommend.importing.record import ImportingError, Record, number, when

COLUMNS = ("session_id", "title")


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    rows = lines.table(path, lines.decoded(path))
    missing = [name for name in COLUMNS if not any(name in row for row in rows)]
    if missing:
        raise ImportingError(
            f"{path}: has no column {missing[0]}; its first line must name at least session_id and title"
        )
    record = Record("tracklist")
    sets: dict[str, list[tuple[float, int, str, dict[str, str]]]] = {}
    for at, row in enumerate(rows):
        artist, title = row.get("artist", ""), row.get("title", "")
        if not artist:
            artist, title = lines.split(title)
        ref = row.get("track_id") or row.get("path") or f"{artist} - {title}"
        record.track(ref, path=row.get("path"), title=title, artist=artist)
        place = number(row.get("pos"), 0, 1e9)
        sets.setdefault(row.get("session_id", ""), []).append((at if place is None else place, at, ref, row))
    for name, played in sets.items():
        played.sort(key=lambda one: one[:2])
        first = played[0][3]
        start = when(first.get("date"))
        plays = [(ref, _at(start, row)) for _, _, ref, row in played]
        record.played(f"{path.parent.name}/{name}", plays, first.get("set_title") or name, first.get("dj"), start)
    return record


def _at(start: float | None, row: dict[str, str]) -> float | None:
    offset = lines.seconds(row.get("offset") or row.get("timestamp"))
    return None if start is None or offset is None else start + offset
