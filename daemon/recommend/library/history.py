"""What was played when, and what was said of it: sets, plays, verdicts."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from daemon.recommend.library.database import Database


class Play(NamedTuple):
    """An item in a set; `at` is seconds since 1970 when it began, None where that is not known."""

    item_id: int
    at: float | None


class Set(NamedTuple):
    """A session that was, its plays oldest first."""

    id: int
    dj: str
    name: str
    started: float | None
    source: str
    plays: tuple[Play, ...]


class History:
    """The sets of a library. Raises LibraryError as the library does. [worker]"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, dj: str, started: float, source: str = "jamd", name: str = "") -> int:
        """A new set; returns its id."""
        with self._database.writing() as db:
            statement = "INSERT INTO sets (dj, name, started, source) VALUES (?, ?, ?, ?)"
            return int(db.execute(statement, (dj, name, started, source)).lastrowid or 0)

    def play(self, set_id: int, item_id: int, at: float, source: str = "") -> None:
        """An item was begun, as the set's newest."""
        with self._database.writing() as db:
            db.execute(
                """INSERT INTO plays (set_id, pos, item_id, at, source)
                SELECT ?, 1 + ifnull(max(pos), -1), ?, ?, ? FROM plays WHERE set_id = ?""",
                (set_id, item_id, at, source, set_id),
            )

    def verdict(self, item_id: int, at: float, value: float, set_id: int | None = None) -> None:
        """The DJ said something of an item: -1 thumbs down .. 1 up."""
        with self._database.writing() as db:
            db.execute(
                "INSERT INTO verdicts (item_id, at, value, set_id) VALUES (?, ?, ?, ?)", (item_id, at, value, set_id)
            )

    def put(
        self,
        source: str,
        ref: str,
        plays: Iterable[Play],
        dj: str = "",
        name: str = "",
        started: float | None = None,
    ) -> int:
        """A whole set from elsewhere; the one of the same source and `ref` (its name there) is replaced. Its id."""
        with self._database.writing() as db:
            row = db.execute("SELECT id FROM sets WHERE source = ? AND ref = ? AND ref <> ''", (source, ref)).fetchone()
            if row is None:
                statement = "INSERT INTO sets (dj, name, started, source, ref) VALUES (?, ?, ?, ?, ?)"
                number = int(db.execute(statement, (dj, name, started, source, ref)).lastrowid or 0)
            else:
                number = int(row[0])
                db.execute("UPDATE sets SET dj = ?, name = ?, started = ? WHERE id = ?", (dj, name, started, number))
                db.execute("DELETE FROM plays WHERE set_id = ?", (number,))
            rows = ((number, pos, play.item_id, play.at, source) for pos, play in enumerate(plays))
            db.executemany("INSERT INTO plays (set_id, pos, item_id, at, source) VALUES (?, ?, ?, ?, ?)", rows)
            return number

    def sets(self) -> list[Set]:
        """Every set that has plays, the earliest first; those without a time before."""
        with self._database.reading() as db:
            found = db.execute("SELECT id, dj, name, started, source FROM sets ORDER BY started, id").fetchall()
            plays: dict[int, list[Play]] = {}
            for set_id, item_id, at in db.execute("SELECT set_id, item_id, at FROM plays ORDER BY set_id, pos"):
                plays.setdefault(set_id, []).append(Play(item_id, at))
        return [Set._make((*row, tuple(plays[row[0]]))) for row in found if row[0] in plays]

    def last_played(self, ids: np.ndarray) -> np.ndarray:
        """float64, one an id: when it was last played in any set, seconds since 1970; NaN where never. Any order of ids."""
        with self._database.reading() as db:
            found = db.execute("SELECT item_id, max(at) FROM plays GROUP BY item_id").fetchall()
        return _spread(found, ids)

    def verdicts(self, ids: np.ndarray) -> np.ndarray:
        """float64, one an id: the last verdict, -1 .. 1; NaN where there is none."""
        with self._database.reading() as db:
            found = db.execute("SELECT item_id, value, max(at) FROM verdicts GROUP BY item_id").fetchall()
        return _spread([row[:2] for row in found], ids)


def _spread(found: list[tuple[int, float | None]], ids: np.ndarray) -> np.ndarray:
    """(id, value) to the values at `ids`."""
    values = np.full(len(ids), np.nan)
    if not found or not len(ids):
        return values
    order = np.argsort(ids, kind="stable")
    known = np.array([number for number, _ in found], np.int64)
    at = np.minimum(np.searchsorted(ids, known, sorter=order), len(ids) - 1)
    there = ids[order[at]] == known
    values[order[at[there]]] = np.array([value for _, value in found], np.float64)[there]
    return values
