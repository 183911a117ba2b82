"""rekordbox's XML (File, Export Collection in xml format), read by pyrekordbox: tracks, playlists, cues, beat grids.

It holds no history: that is in rekordbox's own database (`rekordbox_db`).
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, xml
from daemon.recommend.importing.record import ImportingError, Record, whole
from daemon.recommend.library.lists import Cue, Grid


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    xml.parsed(path, "DJ_PLAYLISTS")  # pyrekordbox would take entities
    pyrekordbox = xml.needed("pyrekordbox", path)
    record = Record("rekordbox")
    with xml.said(path):
        try:
            collection = pyrekordbox.RekordboxXml(path)
        except RuntimeError as error:
            raise ImportingError(f"{path}: {str(error).partition(' in ')[0]}; export it again") from None
        by_path = {}
        for track in collection.get_tracks():
            ref, place = _of(track, "TrackID"), _path(str(_of(track, "Location") or ""))
            by_path[place] = ref
            record.track(
                ref,
                path=place,
                title=_of(track, "Name"),
                artist=_of(track, "Artist"),
                album=_of(track, "Album"),
                genre=_of(track, "Genre"),
                comment=_of(track, "Comments"),
                year=_of(track, "Year"),
                rating=_of(track, "Rating"),
                tempo_bpm=_of(track, "AverageBpm"),
                key=keys.key(_of(track, "Tonality")),
                duration_s=_of(track, "TotalTime"),
                added=_of(track, "DateAdded"),
                cues=_cues(track),
                grid=_grid(track),
            )
        for number, (node, folder) in enumerate(_lists(collection)):
            with suppress(ValueError, KeyError):  # a node that is not as it should be
                refs = node.get_tracks()
                if node.key_type == "Location":
                    refs = [by_path.get(_path(str(ref)), "") for ref in refs]
                record.list(f"{folder}/{node.name}" if folder else node.name or number, node.name, refs, folder)
    return record


def _of(element: Any, name: str) -> Any:
    """An attribute; None where it is missing or no number that it should be."""
    with suppress(ValueError, OverflowError):
        return element.get(name)
    return None


def _path(location: str) -> str:
    """What pyrekordbox leaves of a URL: of a path of Unix it takes the first slash."""
    if not location or location == "." or location[1:2] == ":" or location.startswith(("/", "\\")):
        return "" if location == "." else location
    return location if "://" in location or ":/" in location else f"/{location}"


def _lists(collection: Any) -> Iterator[tuple[Any, str]]:
    """(playlist, the folders above it); without recursion, however deep they are."""
    open_: list[tuple[Any, str]] = [(collection.root_playlist_folder, "")]
    while open_:
        node, folder = open_.pop()
        if node._element is None:
            continue
        with suppress(ValueError):
            if node.is_playlist:
                yield node, folder
            else:
                inner = "" if not folder and node.name == "ROOT" else f"{folder}/{node.name}".strip("/")[:1000]
                open_ += [(child, inner) for child in reversed(node.get_playlists())]


def _cues(track: Any) -> Iterator[Cue]:
    for mark in track.marks:
        start, end, number = (_of(mark, name) for name in ("Start", "End", "Num"))
        kind = {"cue": "cue", "fadein": "intro", "fadeout": "outro", "load": "load", "loop": "loop"}.get(
            _of(mark, "Type") or ""
        )
        hot = number if isinstance(number, int) and number >= 0 else None
        length = end - start if isinstance(end, float) and isinstance(start, float) else None
        yield Cue(
            start, "hot" if kind == "cue" and hot is not None else kind or "cue", _of(mark, "Name"), "", length, hot
        )


def _grid(track: Any) -> Iterator[Grid]:
    """rekordbox counts a line's beat within the bar; here a line starts with a downbeat."""
    for tempo in track.tempos:
        start, bpm, beat, metre = (_of(tempo, name) for name in ("Inizio", "Bpm", "Battito", "Metro"))
        if isinstance(start, float) and isinstance(bpm, float) and bpm > 0:
            beats = whole(str(metre or "").partition("/")[0], 1, 32) or 4
            yield Grid(start - ((whole(beat, 1, 32) or 1) - 1) % beats * 60.0 / bpm, bpm, beats)
