"""Recommend: what could be played next, from the library alone, as `jamd next --after` says it."""

import time
from pathlib import Path
from typing import Any

import msgspec

from daemon.answering.bench import Bench
from daemon.desk.commands.services import Recommend
from daemon.errors import Refused
from daemon.models.shelf import chosen
from daemon.recommend.library.database import default_path
from daemon.recommend.library.store import Library
from daemon.recommend.live import finding, shelf, suggesting, wishing
from daemon.recommend.live.keeper import BY_HAND, Play
from daemon.recommend.session import Wishes
from daemon.recommend.wishes import FAMILIES

USUAL_S = 240.0  # of an item whose length nobody knows
MOST_PLAYS = 512


def recommend(command: Recommend, bench: Bench) -> dict[str, Any]:
    """{"plays": [{"id", "name"}], "items": [NextItem as a table], "ms"}: the newest of `plays` plays now.

    Raises UserError, Stopped. [worker]
    """
    if len(command.plays) > MOST_PLAYS:
        raise Refused(413, f"recommend: {len(command.plays)} plays; {MOST_PLAYS} are the most, so give the newest")
    path, now = _path(bench), time.time()
    read = _read(path, bench)
    catalogue = read.catalogue
    with Library.open(path, read_only=True) as library, library.database.reading() as connection:

        def find(words: str) -> int:
            return finding.by_words(connection, words)

        numbers = [_number(one, catalogue.rows, find) for one in command.plays]
        wishes = wishing.wished(Wishes(), command.wishes, now, find)
    bench.go_on()
    items = [catalogue.items[catalogue.rows[number]] for number in numbers]
    plays = _plays(numbers, [item.profile.duration_s or USUAL_S for item in items], now)
    session = suggesting.session(catalogue, plays, {}, now, command.dj)
    found, ms = suggesting.suggest(read, session, wishes, command.n)
    return {
        "plays": [{"id": item.id, "name": suggesting.name(item)} for item in items],
        "items": msgspec.to_builtins(found),
        "ms": ms,
    }


def _plays(numbers: list[int], lengths_s: list[float], now: float) -> list[Play]:
    """Each began when the one before it ended; the newest has just begun."""
    at, found = now, []
    for place in reversed(range(len(numbers))):
        found.append(Play(numbers[place], at, BY_HAND))
        at -= lengths_s[place - 1]
    return found[::-1]


def _path(bench: Bench) -> Path:
    if bench.library == "off":
        raise Refused(409, "recommend: recommend.library is off in the config")
    path = Path(bench.library).expanduser() if bench.library else default_path()
    if not path.exists():
        raise Refused(
            409, f"recommend: there is no library {path.name} where the service runs; `jamd library scan DIR` makes one"
        )
    return path


def _read(path: Path, bench: Bench) -> shelf.Shelf:
    """The library, read again when it has grown, or another model is chosen."""
    with Library.open(path, read_only=True) as library:
        state = path, shelf.state(library), chosen("next")
    if bench.kept.get("state") != state:
        bench.kept["shelf"], bench.kept["state"] = shelf.read(path, 0, FAMILIES, 0), state
    return bench.kept["shelf"]


def _number(said: int | str, rows: Any, find: Any) -> int:
    """The item that is meant. Raises Refused, FindError."""
    number = said if isinstance(said, int) else 0
    if isinstance(said, str):
        number = int(said[1:]) if said[:1] == "#" and said[1:].isdecimal() and len(said) < 20 else find(said)
    if number not in rows:
        raise Refused(404, f"recommend: there is no item #{number}; `jamd library search WORDS` finds its number")
    return number
