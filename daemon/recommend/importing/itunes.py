"""iTunes' and Music's Library.xml (File, Library, Export Library), read by plistlib: tracks and playlists.

It counts plays but does not say in which order they came: there are no sets in it.
"""

import plistlib
import urllib.parse
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from daemon.recommend.importing import xml
from daemon.recommend.importing.record import ImportingError, Record, folder, number

PLACES = ("~/Music/iTunes/iTunes Music Library.xml", "~/Music/iTunes/iTunes Library.xml", "~/Music/Music/Library.xml")


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    with xml.said(path):
        try:
            library = plistlib.loads(xml.content(path))
        except (ExpatError, EOFError, MemoryError, plistlib.InvalidFileException) as error:
            raise ImportingError(f"{path}: is damaged, or no property list ({error}); export it again") from None
    if not isinstance(library, dict) or not isinstance(library.get("Tracks"), dict):
        raise ImportingError(f"{path}: has no Tracks in it; export iTunes' library: File, Library, Export Library")
    record = Record("itunes")
    for ref, track in library["Tracks"].items():
        if not isinstance(track, dict) or track.get("Has Video") or track.get("Podcast"):
            record.leave(track.get("Name") if isinstance(track, dict) else ref, "no music")
            continue
        stars = None if track.get("Rating Computed") else number(track.get("Rating"), 0, 100)
        length = number(track.get("Total Time"), 0, 1e9)
        record.track(
            ref,
            path=located(track.get("Location")),
            title=track.get("Name"),
            artist=track.get("Artist"),
            album=track.get("Album"),
            genre=track.get("Genre"),
            comment=track.get("Comments"),
            year=track.get("Year"),
            rating=None if stars is None else stars / 20,
            tempo_bpm=track.get("BPM"),
            duration_s=None if length is None else length / 1000,
            added=track.get("Date Added"),
        )
    lists = [one for one in library.get("Playlists", ()) if isinstance(one, dict)]
    above = {_ref(one): (str(one.get("Name") or ""), _ref(one, "Parent Persistent ID")) for one in lists}
    for one in lists:
        if one.get("Master") or one.get("Folder") or "Distinguished Kind" in one or one.get("Visible") is False:
            continue
        items = one.get("Playlist Items")
        refs = [item.get("Track ID") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        above_it = folder(_ref(one, "Parent Persistent ID"), above)
        record.list(_ref(one) or one.get("Name"), one.get("Name"), refs, above_it)
    return record


def located(url: Any) -> str:
    """The path of a file's URL; empty for what is no file of this machine's. [any]"""
    with suppress(ValueError):
        parts = urllib.parse.urlsplit(str(url or ""))
        if parts.scheme != "file":
            return ""
        path = urllib.parse.unquote(parts.path)
        return path[1:] if path[2:3] == ":" else path  # a drive of Windows
    return ""


def _ref(one: dict, name: str = "Playlist Persistent ID") -> str:
    return str(one.get(name) or "")
