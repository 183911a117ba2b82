"""Serato's _Serato_ folder: database V2 and crates by serato-tools, cues and beat grids of MP3 and AIFF tags likewise.

History/Sessions/*.session, which it does not read, is of the same make: four letters, a length (big-endian) and so
many bytes; an `oent` holds an `adat` of numbered fields (as Holzhaus' serato-tags and SSL-API document them).
"""

import logging
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.recommend.importing import keys, xml
from daemon.recommend.importing.record import ImportingError, Record, whole
from daemon.recommend.library.lists import Cue, Grid

PLACES = ("~/Music/_Serato_",)
PATH, TITLE, ARTIST, ALBUM, GENRE, BPM, STARTED, PLAYED, KEY = 2, 6, 7, 8, 9, 15, 28, 50, 51
_BROKEN = (OSError, ValueError, AssertionError, TypeError, LookupError, AttributeError, struct.error, RecursionError)


def read(path: Path) -> Record:
    """Of the folder, or of its file "database V2". Raises ImportingError. [worker]"""
    folder = path if path.is_dir() else path.parent
    database = folder / "database V2" if path.is_dir() else path
    if not path.is_dir() and path.suffix in (".crate", ".session"):
        raise ImportingError(f"{path}: holds paths only; name the folder _Serato_ that it is in")
    library = xml.needed("serato_tools.database_v2", path)
    logging.getLogger("serato-tools").setLevel(logging.CRITICAL)  # what it cannot read is said by us
    record = Record("serato")
    if not xml.content(database).startswith(b"vrsn"):
        raise ImportingError(f"{database}: is not Serato's database V2; name the folder _Serato_")
    root = _root(folder)
    try:
        for field, _, value in library.DatabaseV2(str(database)).data:
            if field == "otrk":
                _track(record, root, {name: one for name, _, one in value})
    except _BROKEN as error:
        if not record.tracks:
            raise ImportingError(
                f"{database}: is damaged, or not Serato's ({_line(error)}); let Serato rebuild it"
            ) from None
        record.leave(database.name, f"damaged after {len(record.tracks)} tracks")
    _crates(record, folder / "Subcrates", root)
    for session in sorted((folder / "History" / "Sessions").glob("*.session")):
        _session(record, session, root)
    return record


def _root(folder: Path) -> Path:
    """Paths are kept without the drive: on the system's they start at /, else where _Serato_ is."""
    parts = folder.absolute().parts
    return Path(*parts[:3]) if parts[1:2] in (("Volumes",), ("media",), ("mnt",)) and len(parts) > 3 else Path("/")


def _path(root: Path, kept: Any) -> str:
    kept = str(kept or "").strip("\x00")
    return kept if not kept or kept.startswith("/") or kept[1:2] == ":" else f"{str(root).rstrip('/')}/{kept}"


def _track(record: Record, root: Path, fields: dict[str, Any]) -> None:
    path = _path(root, fields.get("pfil"))
    record.track(
        path,
        path=path,
        title=fields.get("tsng"),
        artist=fields.get("tart"),
        album=fields.get("talb"),
        genre=fields.get("tgen"),
        comment=fields.get("tcom"),
        year=fields.get("ttyr"),
        tempo_bpm=fields.get("tbpm"),
        key=keys.key(fields.get("tkey")),
        duration_s=_length(fields.get("tlen")),
        added=fields.get("uadd") or fields.get("tadd"),
        cues=_marked(path, _cues),
        grid=_marked(path, _grid),
    )


def _length(clock: Any) -> float | None:
    """Of "03:45.12"."""
    minutes, _, rest = str(clock or "").rpartition(":")
    try:
        return 60.0 * int(minutes) + float(rest)
    except (ValueError, OverflowError):
        return None


def _crates(record: Record, folder: Path, root: Path) -> None:
    crate = xml.needed("serato_tools.crate", folder)
    for path in sorted(folder.glob("*.crate")):
        try:
            tracks = [_path(root, track) for track in crate.Crate(str(path)).tracks()]
        except _BROKEN as error:
            record.leave(path.name, f"damaged ({_line(error)})")
            continue
        *above, name = path.stem.split("%%")
        record.list(path.stem, name, tracks, "/".join(above), kind="crate")


def _session(record: Record, path: Path, root: Path) -> None:
    """What was played, by the time when it was started; what was only loaded is left out."""
    try:
        entries = [dict(_numbered(block)) for block in _entries(path.read_bytes())]
    except _BROKEN as error:
        record.leave(path.name, f"damaged ({_line(error)})")
        return
    plays = []
    for fields in entries:
        place = _path(root, _text(fields.get(PATH)))
        names = {"title": TITLE, "artist": ARTIST, "album": ALBUM, "genre": GENRE, "tempo_bpm": BPM}
        facts: dict[str, Any] = {name: _text(fields.get(number)) for name, number in names.items()}
        if not any(fields.get(PLAYED, b"\x01")):
            continue
        ref = place or f"{facts['artist']} - {facts['title']}"
        record.track(ref, path=place, key=keys.key(_text(fields.get(KEY))), **facts)
        plays.append((ref, int.from_bytes(fields.get(STARTED, b""), "big") or None))
    if plays:
        plays.sort(key=lambda play: play[1] or 0)
        record.played(path.stem, plays, path.stem)


def _entries(data: bytes) -> Iterator[bytes]:
    """Each `adat`. Raises ValueError where the file is cut off."""
    for name, block in _blocks(data):
        if name == b"oent":
            yield from (inner for what, inner in _blocks(block) if what == b"adat")


def _numbered(block: bytes) -> Iterator[tuple[int, bytes]]:
    return ((int.from_bytes(name, "big"), value) for name, value in _blocks(block))


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if end > len(data):
            raise ValueError("cut off")
        yield data[at : at + 4], data[at + 8 : end]
        at = end


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-16-be", "replace").strip("\x00")


def _marked(path: str, what: Any) -> list:
    """Of a file's own tags, where it is here and can be read."""
    if not path.lower().endswith((".mp3", ".aiff")) or not Path(path).is_file():
        return []
    try:
        return list(what(path))
    except Exception:  # whatever mutagen says of a file that is no MP3; the scan says it too
        return []


def _cues(path: str) -> Iterator[Cue]:
    """In milliseconds."""
    for entry in xml.needed("serato_tools.track_cues_v2", Path(path)).TrackCuesV2(path).entries:
        if entry.NAME == "CUE":
            yield Cue(entry.position / 1000, "hot", entry.name, f"#{entry.color.hex()}", None, entry.index)
        elif entry.NAME == "LOOP":
            length = (entry.endposition - entry.startposition) / 1000
            yield Cue(entry.startposition / 1000, "loop", entry.name, "", length, entry.index)


def _grid(path: str) -> Iterator[Grid]:
    """Markers: the last has a tempo, those before say how many beats there are to the next."""
    entries = xml.needed("serato_tools.track_beatgrid", Path(path)).TrackBeatgrid(path).entries or []
    marks = [entry for entry in entries if hasattr(entry, "position")]
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        if after is None:
            yield Grid(mark.position, mark.bpm)
        elif whole(mark.beats_till_next_marker, 1, 10**6) and after.position > mark.position:
            yield Grid(mark.position, 60.0 * mark.beats_till_next_marker / (after.position - mark.position))


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
