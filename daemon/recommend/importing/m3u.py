"""A playlist as M3U or M3U8: paths, absolute or from the playlist's folder, and #EXTINF's seconds and names."""

import re
from pathlib import Path

from daemon.recommend.importing import lines
from daemon.recommend.importing.itunes import located
from daemon.recommend.importing.record import Record

_INFO = re.compile(r"#EXTINF:\s*(-?[\d.]+)[^,]*,(.*)")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def read(path: Path) -> Record:
    """Raises ImportingError. [worker]"""
    record = Record("m3u")
    refs, said, length, name = [], "", None, path.stem
    for line in map(str.strip, lines.decoded(path).splitlines()):
        if info := _INFO.match(line):
            length, said = info[1], info[2]
        elif line.startswith("#PLAYLIST:"):
            name = line.removeprefix("#PLAYLIST:").strip() or name
        elif line and not line.startswith("#"):
            place = _path(path, line)
            artist, title = lines.split(said)
            if not place:
                record.leave(line, "a stream, not a file")
            else:
                title = title or re.split(r"[/\\]", place)[-1].rpartition(".")[0]
                record.track(place, path=place, title=title, artist=artist, duration_s=length)
                refs.append(place)
            said, length = "", None
    record.list(path.absolute(), name, refs)
    return record


def _path(playlist: Path, line: str) -> str:
    """Absolute; empty for a stream."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", line):
        return located(line)
    if _DRIVE.match(line):
        return line
    if "\\" in line and "/" not in line:
        line = line.replace("\\", "/")
    return str(Path(re.sub(r"/\./", "/", str(playlist.absolute().parent / line.replace("\x00", "")))))
