"""Items as rows of the library's tables, and back: which columns there are, and what of two sayings holds."""

from typing import Any

import numpy as np

from daemon.recommend.catalogue import folded
from daemon.recommend.item import N_CURVE, N_TIMBRE, TRAITS, Item, Profile

TEXTS = ("kind", "path", "title", "artist", "album", "genre", "tags", "year", "rating", "added")
NUMBERS = (
    *("duration_s", "tempo_bpm", "tempo_stability", "key", "key_strength", "loudness_lufs", "energy", "onset_density"),
    *("intro_beats", "outro_beats", "first_beat_s"),
)
ARRAYS = {"energy_curve": N_CURVE, "chroma": 12, "timbre": N_TIMBRE, "traits": len(TRAITS)}
"""Profile's tuples, and how long each is where it is known."""

INTEGERS = ("intro_beats", "outro_beats")


def texts(item: Item) -> dict[str, Any]:
    """The columns of `items` that a person reads and searches. [any]"""
    of_file = item.path.rsplit("/", 1)[-1]
    searched = (item.title, item.artist, item.album, item.genre, *item.tags, of_file)
    named = item.artist and item.title
    return {
        **{name: getattr(item, name) for name in TEXTS},
        "tags": "\n".join(item.tags),
        "words": " ".join(filter(None, map(folded, searched))),
        "name": f"{folded(item.artist)} - {folded(item.title)}" if named else "",
    }


def numbers(profile: Profile) -> dict[str, Any]:
    """The columns of `profiles`. [any]"""
    found = {name: getattr(profile, name) for name in NUMBERS}
    for name in ARRAYS:
        values = [np.nan if value is None else value for value in getattr(profile, name)]
        found[name] = np.array(values, "<f4").tobytes()
    return found


def item(number: int, row: tuple, profile: Profile) -> Item:
    """An item of its id and the columns TEXTS. [any]"""
    kind, path, title, artist, album, genre, tags, year, rating, added = row
    return Item(
        id=number,
        kind=kind,
        path=path,
        title=title,
        artist=artist,
        album=album,
        genre=genre,
        tags=tuple(tags.split("\n")) if tags else (),
        year=year,
        rating=rating,
        added=added,
        profile=profile,
    )


def profile(scalars: tuple, arrays: tuple) -> Profile:
    """A profile of the columns NUMBERS and ARRAYS: None (or -1) and empty where not known. [any]"""
    found: dict[str, Any] = dict(zip(NUMBERS, scalars, strict=True))
    found["key"] = -1 if found["key"] is None else found["key"]
    for (name, width), blob in zip(ARRAYS.items(), arrays, strict=True):
        values = np.frombuffer(blob or b"", "<f4")
        if values.size == width:
            found[name] = tuple(None if np.isnan(value) else value for value in values.tolist())
    return Profile(**found)


def merged(old: Item, new: Item, new_wins: bool) -> Item:
    """Of two sayings of one item that which is known; where both are, `new`'s if it wins. Tags are both's. [any]"""
    first, second = (new, old) if new_wins else (old, new)
    values = {name: getattr(first, name) or getattr(second, name) for name in ("title", "artist", "album", "genre")}
    year, rating = (a if a is not None else b for a, b in ((first.year, second.year), (first.rating, second.rating)))
    return Item(
        id=old.id,
        kind=old.kind,
        path=old.path or new.path,
        tags=tuple(dict.fromkeys((*old.tags, *new.tags))),
        year=year,
        rating=rating,
        added=old.added or new.added,
        **values,
        profile=merged_profile(first.profile, second.profile),
    )


def merged_profile(first: Profile, second: Profile) -> Profile:
    """What the first knows, else what the second does. [any]"""
    chosen = {}
    for name in Profile.__struct_fields__:
        value = getattr(first, name)
        unknown = value is None or value == () or (name == "key" and value < 0)
        chosen[name] = getattr(second, name) if unknown else value
    return Profile(**chosen)
