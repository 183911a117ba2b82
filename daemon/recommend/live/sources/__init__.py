"""Who else knows what plays: DJ programs, by their own records. `SOURCES` is the one table: what the config names.

Each is polled about once a second, never waits, and gives what is new; what cannot be read is told as `error`.
"""

from importlib import import_module
from typing import NamedTuple, Protocol

from daemon.errors import UserError

SOURCES = {
    "mixxx": "daemon.recommend.live.sources.mixxx:Mixxx",  # mixxx, or mixxx:PATH of its database
    "file": "daemon.recommend.live.sources.text_file:TextFile",  # file:PATH
    "osc": "daemon.recommend.live.sources.osc:Osc",  # osc:PORT or osc:HOST:PORT
}


class SourceError(UserError):
    """A source in the config that cannot be; the text is one line with the remedy."""


class Told(NamedTuple):
    """A program says that this plays; `path` is empty where it only knows names. `at`: seconds since 1970, None: now."""

    artist: str
    title: str
    path: str = ""
    at: float | None = None


class Source(Protocol):
    """[worker]"""

    name: str
    error: str  # why nothing comes, and what to do; empty: nothing is wrong

    def poll(self, now: float) -> Told | None:
        """The newest that was not given yet. `now`: seconds since 1970."""

    def close(self) -> None:
        """Give back what is open."""


def source(said: str) -> Source:
    """What `mixxx`, `file:PATH` or `osc:PORT` means. Raises SourceError."""
    name, _, argument = said.partition(":")
    if name not in SOURCES:
        raise SourceError(f"recommend.now_playing: there is no {said!r}; give mixxx, file:PATH or osc:PORT")
    module, _, kind = SOURCES[name].partition(":")
    return getattr(import_module(module), kind)(argument)
