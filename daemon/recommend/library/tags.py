"""A sound file's own tags, by mutagen: what it is called, and what analysis may not have found. Broken ones say nothing."""

import contextlib
import re
from pathlib import Path
from typing import Any

from daemon.recommend.item import Item, Profile
from daemon.recommend.library.keys import key_of

MOST = 500  # characters of a text

ID3 = {
    "title": "TIT2", "artist": "TPE1", "album": "TALB", "genre": "TCON", "date": "TDRC", "bpm": "TBPM", "key": "TKEY",
}  # fmt: skip
MP4 = {
    "title": "\xa9nam", "artist": "\xa9ART", "album": "\xa9alb", "genre": "\xa9gen", "date": "\xa9day", "bpm": "tmpo",
    "key": "----:com.apple.iTunes:initialkey",
}  # fmt: skip
STARS = (1, 64, 128, 196, 255)
"""The least POPM of one to five stars, as Windows writes it and others read it."""


def tags(path: Path) -> Item:
    """An item of what the file says of itself; empty where it says nothing or cannot be read. [any]"""
    with contextlib.suppress(Exception):  # of a hostile file anything may be raised
        return _item(_opened(path))
    return Item(id=0)


def _opened(path: Path) -> Any:
    import mutagen

    return mutagen.File(path)


def _item(file: Any) -> Item:
    if file is None or file.tags is None:
        return Item(id=0)
    genre = "; ".join(_all(file, "genre"))
    year = re.match(r"\d{4}", _one(file, "date"))
    bpm = re.match(r"\d+([.,]\d+)?", _one(file, "bpm"))
    tempo = float(bpm[0].replace(",", ".")) if bpm else 0.0
    return Item(
        id=0,
        title=_one(file, "title"),
        artist=_one(file, "artist"),
        album=_one(file, "album"),
        genre=genre[:MOST],
        year=int(year[0]) if year else None,
        rating=_rating(file.tags),
        profile=Profile(tempo_bpm=tempo if 20 <= tempo <= 400 else None, key=key_of(_one(file, "key"))),
    )


def _one(file: Any, name: str) -> str:
    return next(iter(_all(file, name)), "")


def _all(file: Any, name: str) -> list[str]:
    """Every value of a tag, in whichever of the three families of names the file has."""
    values: Any = []
    for key in (ID3[name], MP4[name], *((name, "initialkey") if name == "key" else (name,))):
        with contextlib.suppress(KeyError, ValueError, TypeError):
            values = file.tags[key]
            break
    if hasattr(values, "text"):
        values = values.text
    found = [clean(value) for value in (values if isinstance(values, list) else [values])]
    return [value for value in found if value]


def clean(value: Any) -> str:
    """One line of at most MOST characters that any program can store. [any]"""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)[: 4 * MOST]
    text = text.encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MOST]


def _rating(tags: Any) -> int | None:
    """Stars: POPM of ID3, RATING or FMPS_RATING of Vorbis comments, `rate` of MP4."""
    if hasattr(tags, "getall"):
        stars = [sum(frame.rating >= least for least in STARS) for frame in tags.getall("POPM")]
        return max(stars, default=None)
    for name, most in (("fmps_rating", 1.0), ("rating", 5.0), ("rate", 100.0)):
        with contextlib.suppress(KeyError, ValueError, TypeError, IndexError):
            value = float(str(tags[name][0]))
            return max(0, min(5, round(5 * value / (100.0 if value > most else most))))
    return None
