"""Traktor's collection.nml and its History folder (Traktor Pro 2 to 4): tracks, playlists, sets, cues, beat grids.

Read as XML by our own few lines: traktor-nml-utils binds each file to one of two fixed sets of dataclasses, refuses
what other versions of Traktor add, and takes entities.
"""

import datetime
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, xml
from daemon.recommend.importing.record import ImportingError, Record, number, text, when, whole
from daemon.recommend.library.lists import Cue, Grid

PLACES = ("~/Documents/Native Instruments/Traktor*/collection.nml",)
_KINDS = {0: "cue", 1: "intro", 2: "outro", 3: "load", 5: "loop"}
_GRID = 4


def read(path: Path) -> Record:
    """Of a collection and the sets beside it, or of one file of history. Raises ImportingError. [worker]"""
    record = Record("traktor")
    _take(record, path, xml.parsed(path, "NML"))
    for other in sorted((path.parent / "History").glob("*.nml")) if path.name.lower() == "collection.nml" else ():
        try:
            _take(record, other, xml.parsed(other, "NML"))
        except ImportingError as error:
            record.leave(other.name, str(error))
    return record


def _take(record: Record, path: Path, root: Any) -> None:
    with xml.said(path):
        for entry in root.iterfind("COLLECTION/ENTRY"):
            _track(record, entry)
        open_ = [(node, "") for node in root.iterfind("PLAYLISTS/NODE")]
        while open_:  # without recursion, however deep they are
            node, folder = open_.pop()
            name = text(node.get("NAME"))
            listed = node.find("PLAYLIST")
            if listed is not None:
                _list(record, path, node, listed, name, folder)
            inner = "" if name == "$ROOT" and not folder else f"{folder}/{name}".strip("/")[:1000]
            open_ += [(child, inner) for child in reversed(node.findall("SUBNODES/NODE"))]


def _track(record: Record, entry: Any) -> None:
    place, info, album = entry.find("LOCATION"), _of(entry, "INFO"), _of(entry, "ALBUM")
    if place is None:
        record.leave(entry.get("TITLE"), "no file is named")
        return
    key = keys.numbered(whole(_of(entry, "MUSICAL_KEY").get("VALUE"), 0, 23))
    ranking = whole(info.get("RANKING"), 0, 255)
    record.track(
        _ref(place),
        path=_path(place),
        title=entry.get("TITLE"),
        artist=entry.get("ARTIST"),
        album=album.get("TITLE"),
        genre=info.get("GENRE"),
        comment=info.get("COMMENT"),
        year=str(info.get("RELEASE_DATE") or "").partition("/")[0],
        rating=None if ranking is None else ranking / 51,
        tempo_bpm=_of(entry, "TEMPO").get("BPM"),
        key=key if key >= 0 else keys.key(info.get("KEY")),
        duration_s=info.get("PLAYTIME_FLOAT") or info.get("PLAYTIME"),
        added=_day(info.get("IMPORT_DATE")),
        cues=_cues(entry),
        grid=_grid(entry),
    )


def _list(record: Record, path: Path, node: Any, listed: Any, name: str, folder: str) -> None:
    plays = [(_key(entry), _played(entry)) for entry in listed.iterfind("ENTRY")]
    if any(at for _, at in plays) or name == "HISTORY":
        record.played(path.name, plays, path.stem)
    elif not name.startswith("_"):  # what Traktor keeps for itself
        record.list(listed.get("UUID") or f"{folder}/{name}", name, (ref for ref, _ in plays), folder)


def _of(entry: Any, tag: str) -> Any:
    found = entry.find(tag)
    return {} if found is None else found.attrib


def _key(entry: Any) -> str:
    return str(_of(entry, "PRIMARYKEY").get("KEY") or "")[:1000]


def _ref(place: Any) -> str:
    """As playlists name it: the volume, then the folders by "/:"."""
    return f"{place.get('VOLUME') or ''}{place.get('DIR') or ''}{place.get('FILE') or ''}"


def _path(place: Any) -> str:
    """Of a drive of Windows, a volume of macOS, or Unix."""
    volume, folders = str(place.get("VOLUME") or ""), str(place.get("DIR") or "").replace("/:", "/")
    path = f"{folders}{place.get('FILE') or ''}"
    if volume.endswith(":"):
        return f"{volume}{path}"
    return path if not volume or path.startswith("/Users/") else _mounted(volume, path)


def _mounted(volume: str, path: str) -> str:
    there = f"/Volumes/{volume}{path}"
    return there if volume != "Macintosh HD" and not Path(path).exists() else path


def _played(entry: Any) -> float | None:
    """Traktor writes a date as year * 65536 + month * 256 + day and the time in seconds, of the place where it was."""
    extended = _of(entry, "EXTENDEDDATA")
    date, second = whole(extended.get("STARTDATE"), 1, 2**31), number(extended.get("STARTTIME"), 0, 86400)
    if date is None or second is None:
        return None
    with suppress(ValueError, OverflowError):
        day = datetime.datetime(date >> 16, date >> 8 & 255, date & 255)
        return (day + datetime.timedelta(seconds=second)).timestamp()
    return None


def _day(date: Any) -> float | None:
    """Of "2019/3/1"."""
    with suppress(ValueError, OverflowError):
        return when(datetime.date(*map(int, str(date or "").split("/"))))
    return None


def _cues(entry: Any) -> Iterator[Cue]:
    """Traktor counts milliseconds."""
    for cue in entry.iterfind("CUE_V2"):
        kind, start = whole(cue.get("TYPE"), 0, 9), number(cue.get("START"), 0, 1e9)
        hot, length = whole(cue.get("HOTCUE"), 0, 255), number(cue.get("LEN"), 0, 1e9)
        if kind in _KINDS and start is not None:
            word = "hot" if kind == 0 and hot is not None else _KINDS[kind]
            yield Cue(start / 1000, word, cue.get("NAME") or "", cue.get("COLOR") or "", (length or 0) / 1000, hot)


def _grid(entry: Any) -> Iterator[Grid]:
    """Its marks of type 4, each with a tempo of its own or the track's."""
    for cue in entry.iterfind("CUE_V2"):
        start = number(cue.get("START"), -1e6, 1e9)
        if whole(cue.get("TYPE"), 0, 9) == _GRID and start is not None:
            own = _of(cue, "GRID").get("BPM") or _of(entry, "TEMPO").get("BPM")
            yield Grid(start / 1000, number(own, 0, 999) or 0.0)
