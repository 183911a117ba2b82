"""A text file with "Artist - Title", as OBS plug-ins, Serato, Traktor and VirtualDJ tools write it: its last line counts."""

from pathlib import Path

from daemon.recommend.live.sources import SourceError, Told

MOST = 16384  # bytes from its end; a longer line is none
DASHES = (" - ", " \N{EN DASH} ", " \N{EM DASH} ")


class TextFile:
    """[worker]"""

    name = "file"

    def __init__(self, argument: str) -> None:
        """The file need not be there yet. Raises SourceError where no path is given."""
        if not argument:
            raise SourceError("recommend.now_playing: 'file' needs a path; give file:PATH")
        self._path = Path(argument).expanduser()
        self._seen: tuple[int, int] | None = None
        self._told = ""
        self.error = ""

    def poll(self, now: float) -> Told | None:
        """The last line, where it is another."""
        try:
            status = self._path.stat()
            if (status.st_mtime_ns, status.st_size) == self._seen:
                return None
            with self._path.open("rb") as file:
                file.seek(max(0, status.st_size - MOST))
                content = file.read(MOST)
        except OSError as error:
            self.error = f"now playing: {self._path}: {error.strerror}; it is looked for again"
            return None
        self._seen, self.error = (status.st_mtime_ns, status.st_size), ""
        lines = [line.strip("\ufeff \t\0") for line in _text(content).splitlines()]
        last = next((line for line in reversed(lines) if line), "")
        if last == self._told:
            return None
        self._told = last
        return parted(last) if last else None

    def close(self) -> None:
        """Nothing is open."""


def parted(line: str) -> Told:
    """`Artist - Title`; without a dash all of it is the title."""
    for dash in DASHES:
        artist, found, title = line.partition(dash)
        if found:
            return Told(artist.strip(), title.strip())
    return Told("", line)


def _text(content: bytes) -> str:
    """Windows programs write UTF-16 or the old code page."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
