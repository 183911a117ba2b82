"""Sets of tracks as people played them, for learning and for judging: a catalogue, and sessions as rows of it.

A folder holds `sessions.tsv` (session_id, date, dj, pos, track_id, title, part: train, dev, test), or `train.txt` and
`test.txt` (one session a line, item ids divided by spaces, oldest first; the newest twentieth of `train.txt` is dev).
A folder beside it with `union_features.csv.gz` tells how tracks sound (Spotify's numbers), by track id or "artist|title".
"""

import csv
import gzip
import math
import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from msgspec.structs import replace

from daemon.errors import UserError
from daemon.recommend.catalogue import Catalogue, folded
from daemon.recommend.deep.model import keys_of
from daemon.recommend.item import TRAITS, Item, Profile
from daemon.recommend.library.store import Library

PARTS = ("train", "dev", "test")
COLUMNS = ("session_id", "date", "dj", "pos", "track_id", "title", "part")
FEWEST = 10  # sessions, to learn anything
DEV_SHARE = 20  # of a listening set without a part for it, one in so many sessions is dev
DAY_S = 86400.0


class SetsError(UserError):
    """No sessions to learn from; the text names the folder and what is looked for."""


class Sitting(NamedTuple):
    """One session that is over: what was played, in order."""

    name: str
    dj: str
    at: float  # seconds since 1970, when it began; where a set has no dates, a day each in the file's order
    rows: np.ndarray  # int64


class Sets(NamedTuple):
    """A data set. The catalogue holds the items of all parts: a DJ's library has what has not been played yet, too."""

    name: str
    catalogue: Catalogue
    parts: dict[str, list[Sitting]]  # by PARTS, each oldest first

    def seen(self, *parts: str) -> np.ndarray:
        """bool, one a row: played in one of `parts`."""
        seen = np.zeros(len(self.catalogue), bool)
        for part in parts:
            for sitting in self.parts[part]:
                seen[sitting.rows] = True
        return seen


def folders(data: Path) -> list[Path]:
    """The folders of sessions in `data`, or `data` itself. Raises SetsError."""
    found = [data] if _holds(data) else sorted(path for path in data.glob("*") if path.is_dir() and _holds(path))
    if not found:
        raise SetsError(
            f"{data}: no sessions here; give a folder with sessions.tsv, or train.txt and test.txt, or of such folders"
        )
    return found


def read(folder: Path) -> Sets:
    """Read one folder. Raises SetsError."""
    try:
        if (folder / "sessions.tsv").is_file():
            return _table(folder)
        return _lines(folder)
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise SetsError(f"{folder}: cannot be read as sessions: {error}") from None


def joined(some: Sequence[Sets]) -> Sets:
    """One library of several sets: what has the same artist and title is one item."""
    known: dict[int, int] = {}
    items: list[Item] = []
    parts: dict[str, list[Sitting]] = {part: [] for part in PARTS}
    for one in some:
        keys = keys_of(one.catalogue).tolist()
        for key, item in zip(keys, one.catalogue.items, strict=True):
            if key not in known:
                known[key] = len(items)
                items.append(replace(item, id=len(items) + 1))
        rows = np.array([known[key] for key in keys], np.int64)
        for part in PARTS:
            parts[part] += [sitting._replace(rows=rows[sitting.rows]) for sitting in one.parts[part]]
    for part in PARTS:
        parts[part].sort(key=lambda sitting: sitting.at)
    return Sets("+".join(one.name for one in some), Catalogue(items), parts)


def of_library(path: Path) -> Sets:
    """A library's own sets, oldest first: nine in ten train, the newest dev; nothing is held back for a test.

    Raises LibraryError, and SetsError where too little was played.
    """
    with Library.open(path, read_only=True) as library:
        catalogue = library.catalogue()
        rows = catalogue.rows
        sittings = []
        for one in library.history.sets():
            played = [rows[play.item_id] for play in one.plays if play.item_id in rows]
            if len(played) > 1:
                sittings.append(Sitting(one.name, one.dj, one.started or 0.0, np.array(played, np.int64)))
    if len(sittings) < FEWEST:
        raise SetsError(
            f"{path}: {len(sittings)} sets of two tracks or more were played; {FEWEST} are needed to learn from: "
            "import a DJ program's history (jamd library import), or play, and jamd keeps them"
        )
    sittings.sort(key=lambda sitting: sitting.at)
    split = len(sittings) - max(2, len(sittings) // 10)
    return Sets(path.name, catalogue, {"train": sittings[:split], "dev": sittings[split:], "test": []})


def _holds(folder: Path) -> bool:
    return (folder / "sessions.tsv").is_file() or (folder / "train.txt").is_file()


def _table(folder: Path) -> Sets:
    titles: dict[str, str] = {}
    events: dict[str, dict[str, list[tuple[int, str]]]] = {part: {} for part in PARTS}
    about: dict[str, tuple[str, str]] = {}
    path = folder / "sessions.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
        if lacking:
            raise SetsError(f"{path}: no column {', '.join(lacking)}; its first line names {', '.join(COLUMNS)}")
        for row in table:
            if None in row or None in row.values() or row["part"] not in events or not row["pos"].strip().isdecimal():
                raise SetsError(
                    f"{path}, line {table.line_num}: wanted are {len(table.fieldnames or ())} fields, a whole number as "
                    f"pos, and a part of {', '.join(PARTS)}"
                )
            titles.setdefault(row["track_id"], row["title"])
            events[row["part"]].setdefault(row["session_id"], []).append((int(row["pos"]), row["track_id"]))
            about[row["session_id"]] = (row["dj"], row["date"])
    sounds = _sounds(folder)
    order = _order(titles)
    items = [_item(index + 1, track, titles[track], sounds) for track, index in order.items()]
    parts: dict[str, list[Sitting]] = {}
    counted = 0
    for part in PARTS:
        sittings = []
        for name, plays in events[part].items():
            counted += 1
            dj, date = about[name]
            rows = np.array([order[track] for _, track in sorted(plays, key=lambda play: play[0])], np.int64)
            sittings.append(Sitting(name, dj, _date(date, counted), rows))
        parts[part] = sorted(sittings, key=lambda sitting: sitting.at)
    return Sets(folder.name, Catalogue(items), parts)


def _lines(folder: Path) -> Sets:
    train, test = (
        [line.split() for line in (folder / name).read_text("utf-8").splitlines() if line.strip()]
        for name in ("train.txt", "test.txt")
    )
    order = _order(track for tracks in (*train, *test) for track in tracks)
    sittings = []
    for index, tracks in enumerate([*train, *test]):
        rows = np.array([order[track] for track in tracks], np.int64)
        sittings.append(Sitting(str(index), "", index * DAY_S / 1000, rows))
    split = len(train) - len(train) // DEV_SHARE
    parts = dict(zip(PARTS, (sittings[:split], sittings[split : len(train)], sittings[len(train) :]), strict=True))
    items = [Item(id=index + 1, path=track) for track, index in order.items()]
    return Sets(folder.name, Catalogue(items), parts)


def _order(tracks: Iterable[str]) -> dict[str, int]:
    """Rows by a hash: in the file's order, ties that go by row would follow the very sessions that are judged."""
    return {track: row for row, track in enumerate(sorted(set(tracks), key=lambda name: (crc32(name.encode()), name)))}


def _date(text: str, counted: int) -> float:
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    if len(numbers) < 3:
        return counted * DAY_S
    year, month, day = numbers
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:  # no such day
        return counted * DAY_S


def _item(number: int, track: str, title: str, sounds: dict[str, Profile]) -> Item:
    artist, dash, name = title.replace(" \u2013 ", " - ").partition(" - ")
    if not dash:
        artist, name = "", title
    profile = sounds.get(track) or sounds.get(f"{folded(artist)}|{folded(name)}") or Profile()
    return Item(id=number, title=name, artist=artist, profile=profile)


def _sounds(folder: Path) -> dict[str, Profile]:
    """By track id, and by folded "artist|title"."""
    sounds: dict[str, Profile] = {}
    for path in sorted(folder.parent.glob("*/union_features.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                profile = _profile(row)
                sounds.setdefault(row.get("track_id") or "", profile)
                artist, dash, title = (row.get("k") or "").partition("|")
                if dash:
                    sounds.setdefault(f"{folded(artist)}|{folded(title)}", profile)
    return sounds


def _profile(row: dict[str, str]) -> Profile:
    def number(name: str) -> float | None:
        try:
            value = float(row[name])
        except (KeyError, TypeError, ValueError):
            return None
        return value if math.isfinite(value) else None

    key, mode = number("key"), number("mode")
    known: dict[str, Any] = {"key": -1 if key is None or not 0 <= key < 12 else int(key) + (0 if mode else 12)}
    tempo = number("tempo")
    return Profile(
        tempo_bpm=tempo if tempo and tempo > 0 else None,
        energy=number("energy"),
        loudness_lufs=number("loudness"),
        traits=tuple(number(name) for name in TRAITS),
        **known,
    )
