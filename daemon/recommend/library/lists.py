"""What a DJ has put together and marked: playlists and crates, cues, beat grids."""

from collections.abc import Iterable
from typing import NamedTuple

from daemon.recommend.library.database import Database


class Cue(NamedTuple):
    """A place in an item."""

    at_s: float
    kind: str = "cue"  # cue, hot, loop, intro, outro, load
    name: str = ""
    color: str = ""  # #rrggbb
    length_s: float | None = None  # of a loop
    number: int | None = None  # of a hot cue, from 0


class Grid(NamedTuple):
    """Beats at an even tempo from a downbeat on, until the next one."""

    start_s: float
    bpm: float
    metre: int = 4


class Playlist(NamedTuple):
    """Items that belong together, in order; of a crate the order says nothing."""

    id: int
    name: str
    folder: str
    kind: str
    source: str
    items: tuple[int, ...]


class Lists:
    """The playlists, cues and grids of a library. Raises LibraryError as the library does. [worker]"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, source: str, ref: str, name: str, items: Iterable[int], folder: str = "", kind: str = "playlist"
    ) -> int:
        """A playlist; the one of the same source and `ref` (what it is called there) is replaced. Its id."""
        with self._database.writing() as db:
            where = "source = ? AND ref = ? AND ref <> ''"
            row = db.execute(f"SELECT id FROM playlists WHERE {where}", (source, ref)).fetchone()
            if row is None:
                statement = "INSERT INTO playlists (name, folder, kind, source, ref) VALUES (?, ?, ?, ?, ?)"
                number = int(db.execute(statement, (name, folder, kind, source, ref)).lastrowid or 0)
            else:
                number = int(row[0])
                statement = "UPDATE playlists SET name = ?, folder = ?, kind = ? WHERE id = ?"
                db.execute(statement, (name, folder, kind, number))
                db.execute("DELETE FROM playlist_items WHERE playlist_id = ?", (number,))
            rows = ((number, pos, item) for pos, item in enumerate(items))
            db.executemany("INSERT INTO playlist_items (playlist_id, pos, item_id) VALUES (?, ?, ?)", rows)
            return number

    def all(self) -> list[Playlist]:
        """Every playlist, by folder and name."""
        with self._database.reading() as db:
            found = db.execute(
                "SELECT id, name, folder, kind, source FROM playlists ORDER BY folder, name, id"
            ).fetchall()
            items: dict[int, list[int]] = {}
            query = "SELECT playlist_id, item_id FROM playlist_items ORDER BY playlist_id, pos"
            for playlist, item in db.execute(query):
                items.setdefault(playlist, []).append(item)
        return [Playlist._make((*row, tuple(items.get(row[0], ())))) for row in found]

    def put_cues(self, item_id: int, source: str, cues: Iterable[Cue]) -> None:
        """An item's cues, in place of those that the source said before."""
        with self._database.writing() as db:
            db.execute("DELETE FROM cues WHERE item_id = ? AND source = ?", (item_id, source))
            statement = f"INSERT INTO cues ({', '.join(Cue._fields)}, item_id, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            db.executemany(statement, ((*cue, item_id, source) for cue in cues))

    def cues(self, item_id: int) -> list[Cue]:
        """An item's cues in order, whoever said them."""
        query = f"SELECT {', '.join(Cue._fields)} FROM cues WHERE item_id = ? ORDER BY at_s, source"
        with self._database.reading() as db:
            return [Cue(*row) for row in db.execute(query, (item_id,))]

    def put_grid(self, item_id: int, source: str, grid: Iterable[Grid]) -> None:
        """An item's beat grid, in place of the one that the source said before."""
        with self._database.writing() as db:
            db.execute("DELETE FROM grids WHERE item_id = ? AND source = ?", (item_id, source))
            statement = "INSERT OR REPLACE INTO grids (start_s, bpm, metre, item_id, source) VALUES (?, ?, ?, ?, ?)"
            db.executemany(statement, ((*line, item_id, source) for line in grid))

    def grid(self, item_id: int) -> list[Grid]:
        """An item's beat grid in order, of the source that comes first by name; empty where there is none."""
        query = """SELECT start_s, bpm, metre FROM grids WHERE item_id = ?1
            AND source = (SELECT min(source) FROM grids WHERE item_id = ?1) ORDER BY start_s"""
        with self._database.reading() as db:
            return [Grid(*row) for row in db.execute(query, (item_id,))]
