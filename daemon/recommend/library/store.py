"""The library itself: items put in and merged, found by words, read as columns."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from daemon.recommend.catalogue import Catalogue, folded
from daemon.recommend.item import Item
from daemon.recommend.library import columns, rows, writing
from daemon.recommend.library.database import Database, default_path
from daemon.recommend.library.history import History
from daemon.recommend.library.lists import Lists

_ITEM = f"""SELECT id, {", ".join(rows.TEXTS)}, {", ".join(rows.NUMBERS)}, {", ".join(rows.ARRAYS)}
    FROM items LEFT JOIN profiles ON item_id = id"""


class Library:
    """One library, opened by one thread. Everything raises LibraryError where the file does not do. [worker]"""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.history = History(database)
        self.lists = Lists(database)

    @classmethod
    def open(cls, path: Path | None = None, read_only: bool = False) -> Self:
        """The library of a file (default: the user's), made or migrated where need be; or to read only."""
        return cls(Database(path or default_path(), read_only))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.database.close()

    @property
    def path(self) -> Path:
        return self.database.path

    def __len__(self) -> int:
        """How many items there are that are not gone."""
        with self.database.reading() as db:
            return int(db.execute("SELECT count(*) FROM items WHERE gone = 0").fetchone()[0])

    def catalogue(self) -> Catalogue:
        """Every item that is not gone, by id, as columns; `items` are made when they are asked for."""
        with self.database.reading() as db:
            return columns.catalogue(db)

    def item(self, number: int) -> Item | None:
        """An item by its id."""
        with self.database.reading() as db:
            return next(_items(db.execute(f"{_ITEM} WHERE id = ?", (number,))), None)

    def at(self, path: str) -> Item | None:
        """An item by its path, as it stands in the library: absolute."""
        with self.database.reading() as db:
            return next(_items(db.execute(f"{_ITEM} WHERE path = ? AND path <> ''", (path,))), None)

    def search(self, words: Iterable[str] = (), kinds: Iterable[str] = (), limit: int = -1) -> list[Item]:
        """Items that have all the words, or beginnings of them, in title, artist, album, genre, tags or file name.

        Case and accents do not count. By artist, album, title; `limit` -1 is all.
        """
        wanted = [part for word in words for part in folded(word).split()]
        where, values = ["gone = 0"], list[Any]()
        for word in wanted:
            where.append("instr(' ' || words, ?) > 0")
            values.append(f" {word}")
        if kinds := tuple(kinds):
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
            values += kinds
        order = "ORDER BY artist COLLATE NOCASE, album COLLATE NOCASE, title COLLATE NOCASE, id LIMIT ?"
        with self.database.reading() as db:
            return list(_items(db.execute(f"{_ITEM} WHERE {' AND '.join(where)} {order}", (*values, limit))))

    def put(self, items: Iterable[Item], source: str, new_wins: bool = True) -> list[int]:
        """Add items, or merge each with the one of its path (or, where it has none, of its artist and title).

        Of what both say `new_wins` decides, but a profile that jamd's own analysis made only has its gaps filled.
        All of it in one transaction: give some thousands at a time. Returns the ids in order; an item's own is not used.
        """
        with self.database.writing() as db:
            return [self._put(db, item, source, new_wins) for item in items]

    def _put(self, db: Any, item: Item, source: str, new_wins: bool) -> int:
        old = self.same(item)
        if old is None:
            return writing.insert(db, item, source)
        writing.merge(db, old, item, new_wins)
        return old.id

    def same(self, item: Item) -> Item | None:
        """What the library has of it already: by its path, or by its names where either has no path."""
        db = self.database.connection
        if item.path and (
            old := next(_items(db.execute(f"{_ITEM} WHERE path = ? AND path <> ''", (item.path,))), None)
        ):
            return old
        name = rows.texts(item)["name"]
        if not name:
            return None
        only = "AND path = ''" if item.path else ""  # two files of one name are two items
        order = "ORDER BY path = '', id LIMIT 1"
        return next(_items(db.execute(f"{_ITEM} WHERE name = ? {only} {order}", (name,))), None)

    def beats(self, number: int) -> np.ndarray:
        """float32, seconds from the item's start; empty where they are not known."""
        with self.database.reading() as db:
            row = db.execute("SELECT beats FROM beats WHERE item_id = ?", (number,)).fetchone()
        return np.frombuffer(row[0] if row else b"", "<f4")

    def prints(self, version: int) -> Iterator[tuple[int, bytes]]:
        """(id, fingerprint) of every item that is not gone and has one of this version, by id."""
        query = """SELECT item_id, print FROM prints JOIN items ON id = item_id
            WHERE version = ? AND gone = 0 ORDER BY item_id"""
        with self.database.reading() as db:
            yield from db.execute(query, (version,))

    def bad(self) -> list[tuple[str, str]]:
        """(path, reason) of every file that could not be analysed."""
        with self.database.reading() as db:
            return db.execute("SELECT path, reason FROM bad ORDER BY path").fetchall()


def _items(found: Iterable[tuple]) -> Iterator[Item]:
    first = 1 + len(rows.TEXTS)
    then = first + len(rows.NUMBERS)
    for row in found:
        yield rows.item(row[0], row[1:first], rows.profile(row[first:then], row[then:]))
