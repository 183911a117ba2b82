"""An item of the library from what people and programs call it: words, "Artist - Title", or a file's path."""

import sqlite3

from daemon.errors import UserError
from daemon.recommend.catalogue import folded
from daemon.recommend.live.sources import Told

SHOWN = 4  # of those that could be meant
MOST = 200
_OPEN = ("(", "[")


class FindError(UserError):
    """Nothing is meant, or several things; the text is one line with the remedy."""


Found = tuple[int, str, str]
"""(id, artist, title)."""


def by_words(connection: sqlite3.Connection, said: str) -> int:
    """The one item with all these words in its names. Raises FindError."""
    words = folded(said).split()
    found = _with(connection, words) if words else []
    if not found:
        raise FindError(f"nothing in the library is called {said!r}; `jamd library search WORDS` looks for it")
    whole = " ".join(words)
    named = [one for one in found if whole in (folded(one[2]), folded(f"{one[1]} {one[2]}"))]
    found = named or found
    if len(found) > 1 and len({(folded(one[1]), folded(one[2])) for one in found}) > 1:
        some = ", ".join(f"#{number} {artist} - {title}" for number, artist, title in found[:SHOWN])
        more = ", ..." if len(found) > SHOWN else ""
        raise FindError(f"{said!r} could be {some}{more}; give more words, or the number")
    return found[0][0]


def told(connection: sqlite3.Connection, told: Told) -> int:
    """The item that a program means; 0 where the library has none."""
    if told.path:
        row = connection.execute("SELECT id FROM items WHERE path = ? AND kind = 'track'", (told.path,)).fetchone()
        if row is not None:
            return int(row[0])
    artist, title = folded(told.artist), folded(told.title)
    if not title:
        return 0
    found = _with(connection, title.split())
    exact = [one for one in found if folded(one[2]) == title]
    for some in (exact, found):
        ours = [one for one in some if folded(one[1]) == artist]
        ours = ours or [one for one in some if artist and one[1] and _shares(folded(one[1]), artist)]
        if ours:
            return ours[0][0]
    return exact[0][0] if len(exact) == 1 and not artist else 0


def _with(connection: sqlite3.Connection, words: list[str]) -> list[Found]:
    """At most MOST items with all these folded words, files that are there before others."""
    where = " AND ".join(["words LIKE ?"] * len(words))
    sql = f"SELECT id, artist, title FROM items WHERE {where} ORDER BY gone, id LIMIT {MOST}"
    return connection.execute(sql, [f"%{word}%" for word in words]).fetchall()


def _shares(one: str, other: str) -> bool:
    """Whether an artist's name is a part of the other, as with guests."""
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
