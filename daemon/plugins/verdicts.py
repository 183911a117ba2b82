"""What probing found, kept by file: its plugins, and which are blocked and why; good until the file changes."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from daemon.plugins.plugin import Info

FORMAT = 1  # of the file; another is not read
CRASHES, HANGS = "crashes", "hangs"  # what a reason to block begins with; any other is an error it gives itself


class Verdict(msgspec.Struct):
    """A plugin file, as it was when probed."""

    stamp: tuple[int, int]
    plugins: list[Info] = []
    blocked: dict[str, str] = {}  # a plugin's name, or FORMAT:PATH where all of the file fails -> why it does not open


class Verdicts(msgspec.Struct):
    """All files, by path."""

    format: int = FORMAT
    files: dict[str, Verdict] = {}

    def plugins(self) -> Iterator[Info]:
        """Every plugin that opens."""
        for verdict in self.files.values():
            yield from verdict.plugins

    def blocked(self) -> Iterator[tuple[str, str]]:
        """The name of every plugin (or file) that does not, and why."""
        for verdict in self.files.values():
            yield from verdict.blocked.items()


def stamp(path: str) -> tuple[int, int]:
    """The newest time of change (ns) and the size of a file, or of all of a bundle's; (0, 0) where there is none."""
    if os.path.isfile(path):
        stat = os.stat(path)
        return stat.st_mtime_ns, stat.st_size
    newest = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            stat = os.stat(os.path.join(folder, name), follow_symlinks=False)
            newest, size = max(newest, stat.st_mtime_ns), size + stat.st_size
    return newest, size


def where() -> Path:
    """The file: $XDG_CACHE_HOME/jamd/plugins.json."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "jamd" / "plugins.json"


def load() -> Verdicts:
    """What is known; nothing where no scan was, or its file is of another jamd."""
    try:
        known = msgspec.json.decode(where().read_bytes(), type=Verdicts)
    except (OSError, msgspec.DecodeError):
        return Verdicts()
    return known if known.format == FORMAT else Verdicts()


def save(verdicts: Verdicts) -> None:
    """Keep them; a reader sees the old or the new, never a part."""
    path = where()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(verdicts), indent=1))
    fresh.replace(path)
