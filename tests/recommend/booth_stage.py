"""A library and a daemon for tests of the recommender while it is live."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon import messages as m
from daemon.ctl.client import ask
from daemon.recommend.item import Item, Profile
from daemon.recommend.library.store import Library
from tests.daemon.conftest import Daemon

NAMES = (
    "Blue Monday",
    "Green Tuesday",
    "Red Wednesday",
    "White Thursday",
    "Black Friday",
    "Grey Saturday",
    "Gold Sunday",
)
ARTISTS = ("Ann", "Bob", "Cid", "Dee", "Eve", "Fay", "Gus")


def items(n: int = 7) -> list[Item]:
    """Tracks a fifth and a beat a minute apart."""
    return [
        Item(
            id=0,
            path=f"/music/{k}.wav",
            title=NAMES[k % 7] + ("" if k < 7 else f" {k}"),
            artist=ARTISTS[k % 7],
            genre="house" if k % 2 else "techno",
            profile=Profile(
                duration_s=300.0,
                tempo_bpm=124.0 + k % 7,
                tempo_stability=1.0,
                key=(7 * k) % 12,
                energy=0.5 + 0.05 * (k % 7),
            ),
        )
        for k in range(n)
    ]


def library(path: Path, n: int = 7) -> Path:
    """A library of n tracks, with ids from 1."""
    with Library.open(path) as made:
        made.put(items(n), "test")
    return path


class Booth:
    """A daemon with a library, and all that its recommender says."""

    def __init__(self, daemon: Callable[[str], Daemon], path: Path, more: str = "", engine: str = "") -> None:
        engine = engine or 'driver = "timer"\ninput = "performance"\nloop = true'
        config = f'[engine]\n{engine}\n[midi]\napi = "off"\n[recommend]\nlibrary = "{path}"\n{more}\n'
        self.live = daemon(config)
        self.said: list[m.Message] = []

    def do(self, *commands: dict[str, Any], check: bool = False) -> list[Any]:
        answer = ask(self.live.control, list(commands), check)
        assert "error" not in answer, answer
        return answer["results"]

    def refused(self, *commands: dict[str, Any]) -> tuple[int, str]:
        error = ask(self.live.control, list(commands))["error"]
        return error["code"], error["text"]

    def until(self, kind: type, fits: Callable[[Any], object] = lambda message: True, seconds: float = 60.0) -> Any:
        """The next message of a kind that fits."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            for message in self.live.read(0.05):
                self.said.append(message)
                if isinstance(message, kind) and fits(message):
                    return message
        said = [message for message in self.said if type(message).__name__ in OWN]
        raise AssertionError(f"no {kind.__name__} that fits within {seconds} s; there was {said[-20:]}")

    def said_or(self, kind: type, fits: Callable[[Any], object]) -> Any:
        """A message that fits, perhaps of those before."""
        found = (message for message in self.said if isinstance(message, kind) and fits(message))
        return next(found, None) or self.until(kind, fits, 240.0)

    def ready(self) -> m.Suggestions:
        """The first list."""
        return self.until(m.Suggestions, seconds=240.0)

    @property
    def pid(self) -> int:
        """The recommender's process."""
        pid = self.live.process.pid
        children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        found = [one for one in children if b"recommend.live.process" in Path(f"/proc/{one}/cmdline").read_bytes()]
        return found[0] if found else 0


OWN = ("Playing", "Suggestions", "Session", "Recommender")

__all__ = ["Booth", "items", "library"]
