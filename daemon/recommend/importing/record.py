"""What an importer yields: tracks with their facts, cues and grids, playlists and crates, sets. Cleaned as it is made.

Foreign files say anything: a title of a megabyte, a tempo of minus infinity. What is beyond sense is not known here;
what is only too long is cut.
"""

import datetime
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import msgspec

from daemon.errors import UserError
from daemon.recommend.library.lists import Cue, Grid

LONGEST = 1000  # characters of a title, a name ..
LONGEST_PATH = 4096
DAY_S = 86400.0
LATEST = 4102444800.0  # 2100
MOST_CUES = 1000  # of a track, and likewise of a grid's lines
CUE_KINDS = ("cue", "hot", "loop", "intro", "outro", "load")


class ImportingError(UserError):
    """A source that cannot be read; the text is one line with the remedy. Nothing of it was taken."""


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """A track as a program knows it; `ref` is what it is called there. None, -1 and empty: not known."""

    ref: str
    path: str = ""  # absolute, maybe of another machine
    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""  # several are divided by "; "
    comment: str = ""
    year: int | None = None
    rating: int | None = None  # 1..5; not rated is not known
    tempo_bpm: float | None = None
    key: int = -1  # as Profile.key
    duration_s: float | None = None
    added: float = 0.0  # seconds since 1970
    cues: tuple[Cue, ...] = ()
    grid: tuple[Grid, ...] = ()


class Tracklist(msgspec.Struct, frozen=True, kw_only=True):
    """A playlist, or a crate: `kind`."""

    ref: str
    name: str
    folder: str = ""  # the names above it, divided by a slash
    kind: str = "playlist"
    tracks: tuple[str, ...] = ()  # refs


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A set: (ref, seconds since 1970 or None) in the order in which they were played."""

    ref: str
    name: str = ""
    dj: str = ""
    started: float | None = None
    plays: tuple[tuple[str, float | None], ...] = ()


class Record:
    """Everything of one source. [worker]"""

    def __init__(self, source: str) -> None:
        """`source`: the program's name, as it is kept with what it said."""
        self.source = source
        self.tracks: dict[str, Track] = {}
        self.lists: list[Tracklist] = []
        self.sets: list[Played] = []
        self.left_out: list[tuple[str, str]] = []

    def track(self, ref: object, *, cues: Iterable[Cue] = (), grid: Iterable[Grid] = (), **facts: Any) -> None:
        """One more track, the first of a ref; `facts` are Track's others, of any type and size."""
        name = text(ref)
        if not name or name in self.tracks:
            return
        path = str(facts.pop("path", None) or "").replace("\x00", "")
        if len(path) > LONGEST_PATH:
            self.leave(path[:80] + "...", f"a path of {len(path)} characters")
            path = ""
        found = Track(
            ref=name,
            path=_whole(path),
            year=whole(facts.pop("year", None), 1000, 9999),
            rating=whole(facts.pop("rating", None), 1, 5),
            tempo_bpm=number(facts.pop("tempo_bpm", None), 20.0, 999.0),
            key=facts.pop("key", -1),
            duration_s=number(facts.pop("duration_s", None), 0.01, 7 * DAY_S),
            added=when(facts.pop("added", None)) or 0.0,
            cues=tuple(_cues(cues)),
            grid=tuple(_lines(grid)),
            **{each: text(value) for each, value in facts.items()},
        )
        if found.path or found.title:
            self.tracks[name] = found
        else:
            self.leave(name, "neither a file nor a title")

    def list(
        self, ref: object, name: object, tracks: Iterable[object], folder: str = "", kind: str = "playlist"
    ) -> None:
        """A playlist of refs; those that are not among the tracks by `take` are passed over."""
        self.lists.append(
            Tracklist(ref=text(ref), name=text(name), folder=folder, kind=kind, tracks=tuple(map(text, tracks)))
        )

    def played(
        self,
        ref: object,
        plays: Iterable[tuple[object, object]],
        name: object = "",
        dj: object = "",
        started: object = None,
    ) -> None:
        """A set of (ref, when); the plays come in order."""
        taken = tuple((text(track), when(at)) for track, at in plays)
        first = when(started) or next((at for _, at in taken if at is not None), None)
        self.sets.append(Played(ref=text(ref), name=text(name), dj=text(dj), started=first, plays=taken))

    def leave(self, what: object, why: str) -> None:
        """Something of the source that is not taken."""
        self.left_out.append((text(what), text(why)))


def text(value: object) -> str:
    """Of anything, one line at most LONGEST long; empty for None. [any]"""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value[: 4 * LONGEST].decode("utf-8", "replace")
    return _whole("".join(c if c.isprintable() else " " for c in str(value)[: 4 * LONGEST]).strip()[:LONGEST])


def number(value: object, low: float, high: float) -> float | None:
    """A number within bounds, of one or of a text; else None. [any]"""
    try:
        found = float(str(value).strip().replace(",", ".")[:40])
    except ValueError:
        return None
    return found if math.isfinite(found) and low <= found <= high else None


def whole(value: object, low: int, high: int) -> int | None:
    """A whole number within bounds; of "2019-03-01" the 2019. [any]"""
    found = number(str(value)[:4] if isinstance(value, str) and "-" in value[1:] else value, low, high)
    return None if found is None else int(found)


def when(value: object) -> float | None:
    """Seconds since 1970 of such seconds, a datetime or an ISO text; without a zone it is UTC. None: no time. [any]"""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value.strip()[:40].replace("/", "-"))
        except ValueError:
            return number(value, 1.0, LATEST)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, datetime.datetime):
        try:
            value = (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()
        except (OverflowError, ValueError):
            return None
    return None if value is None else number(value, 1.0, LATEST)


def folder(parent: Any, above: Mapping[Any, tuple[str, Hashable]]) -> str:
    """The names from the top down to `parent`, by slashes; `above` is id -> (name, parent's id). Circles end. [any]"""
    names: list[str] = []
    seen = set()
    while parent in above and parent not in seen and len(names) < 32:
        seen.add(parent)
        name, parent = above[parent]
        names.append(text(name))
    return "/".join(reversed(names))


def _cues(cues: Iterable[Cue]) -> Iterable[Cue]:
    for cue, _ in zip(cues, range(MOST_CUES), strict=False):
        at, length = number(cue.at_s, 0.0, 7 * DAY_S), number(cue.length_s, 0.0, 7 * DAY_S)
        if at is not None and cue.kind in CUE_KINDS:
            slot = whole(cue.number, 0, 255)
            yield Cue(at, cue.kind, text(cue.name), text(cue.color)[:7], length or None, slot)


def _lines(grid: Iterable[Grid]) -> Iterable[Grid]:
    for line, _ in zip(grid, range(MOST_CUES), strict=False):
        start, bpm = number(line.start_s, -DAY_S, 7 * DAY_S), number(line.bpm, 20.0, 999.0)
        if start is not None and bpm is not None:
            yield Grid(start, bpm, whole(line.metre, 1, 32) or 4)


def _whole(value: str) -> str:
    """Without halves of characters, which no file takes."""
    return value.encode("utf-8", "replace").decode("utf-8")
