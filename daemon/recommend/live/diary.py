"""The session as it is written into the library: what was played and when, and what the DJ said of suggestions.

What cannot be written now, because a scan holds the file or the disk is full, waits and is written later.
"""

import sqlite3

from daemon.errors import UserError
from daemon.recommend.library.database import Database
from daemon.recommend.live.keeper import Play

RESUME_S = 4 * 3600.0  # a session whose last play is no older than that goes on
SOURCE = "jamd"
NEWEST = """
    SELECT sets.id, sets.started, (SELECT max(at) FROM plays WHERE set_id = sets.id)
    FROM sets WHERE source = ? AND dj = ? ORDER BY id DESC LIMIT 1
"""


class Diary:
    """One session after another. [worker]"""

    def __init__(self, database: Database, dj: str, now: float) -> None:
        """Go on with the DJ's last session where that is recent, whatever ended the program. Raises LibraryError."""
        self._database, self.dj = database, dj
        self.set_id, self.started = 0, 0.0  # no id: it is not written yet
        self.plays: list[Play] = []
        self.verdicts: dict[int, float] = {}  # item -> the newest, -1 to 1
        self.error = ""  # why something still waits
        self._n_written = 0
        self._unwritten: list[tuple[int, float, float]] = []  # verdicts: item, at, value
        self._resume(now)

    @property
    def is_written(self) -> bool:
        """Whether nothing waits."""
        return self._n_written == len(self.plays) and not self._unwritten

    def is_over(self, now: float) -> bool:
        """Whether what is played next belongs to another session."""
        return bool(self.plays) and now - self.plays[-1].at > RESUME_S

    def play(self, play: Play) -> None:
        """Something was played."""
        if self.is_over(play.at):
            self.write()
            self.set_id, self.started, self._n_written = 0, 0.0, 0
            self.plays, self.verdicts = [], {}
        self.started = self.started or play.at
        self.plays.append(play)
        self.write()

    def verdict(self, item_id: int, at: float, value: float) -> None:
        """The DJ has said something of a suggestion."""
        self.verdicts[item_id] = value
        self._unwritten.append((item_id, at, value))
        self.write()

    def write(self) -> bool:
        """Write what waits, all of it or nothing; False: it waits on, and `error` says why."""
        if self.is_written:
            return True
        set_id = self.set_id
        try:
            with self._database.writing() as connection:
                set_id = self._write(connection)
        except UserError as error:
            self.error = f"the session is not written yet: {error}"
            return False
        self.set_id, self._n_written, self.error = set_id, len(self.plays), ""
        self._unwritten.clear()
        return True

    def _write(self, connection: sqlite3.Connection) -> int:
        """Items that were removed meanwhile are passed over. Gives the session's id."""
        run, set_id = connection.execute, self.set_id
        if not set_id and self.plays:
            new = run("INSERT INTO sets (dj, started, source) VALUES (?, ?, ?)", (self.dj, self.started, SOURCE))
            set_id = int(new.lastrowid or 0)
        for pos, play in enumerate(self.plays[self._n_written :], self._n_written):
            run(
                "INSERT INTO plays (set_id, pos, at, source, item_id) SELECT ?, ?, ?, ?, id FROM items WHERE id = ?",
                (set_id, pos, play.at, play.source, play.id),
            )
        for item_id, at, value in self._unwritten:
            run(
                "INSERT INTO verdicts (at, value, set_id, item_id) SELECT ?, ?, ?, id FROM items WHERE id = ?",
                (at, value, set_id or None, item_id),
            )
        return set_id

    def _resume(self, now: float) -> None:
        with self._database.reading() as connection:
            found = connection.execute(NEWEST, (SOURCE, self.dj)).fetchone()
            if found is None or found[2] is None or now - found[2] > RESUME_S:
                return
            self.set_id, self.started = int(found[0]), float(found[1])
            rows = connection.execute(
                "SELECT item_id, at, source FROM plays WHERE set_id = ? ORDER BY pos", (self.set_id,)
            )
            self.plays = [Play(*row) for row in rows]
            said = connection.execute(
                "SELECT item_id, value FROM verdicts WHERE set_id = ? OR (set_id IS NULL AND at >= ?) ORDER BY at",
                (self.set_id, self.started),
            )
            self.verdicts = dict(said.fetchall())
        self._n_written = len(self.plays)
