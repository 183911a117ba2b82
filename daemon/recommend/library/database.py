"""A library's file: opened, migrated, written in short transactions; what SQLite says in words a user can act on.

Write-ahead log, so that readers and one writer never wait for each other; a second writer waits for the first.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from daemon.errors import UserError
from daemon.recommend.library import schema

BUSY_S = 30.0  # that a writer waits for another
RECOVER = "recover what can be: sqlite3 {0} .recover | sqlite3 new.db, or move it away and scan again"


class LibraryError(UserError):
    """A library that cannot be opened, read or written; the text is one line with the remedy. Old data are intact."""


def default_path() -> Path:
    """JAMD_LIBRARY, else library.db in jamd's folder of the user's data. [any]"""
    if named := os.environ.get("JAMD_LIBRARY"):
        return Path(named)
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return Path(home) / "jamd" / "library.db"


class Database:
    """One connection, of one thread."""

    def __init__(self, path: Path, read_only: bool = False) -> None:
        """Opens the file; to write, it is made or migrated too. Raises LibraryError."""
        self.path, self.read_only = path, read_only
        with self._said():
            self.connection = self._read_only() if read_only else self._writable()

    def close(self) -> None:
        """Close it; what was not committed is not there. [worker]"""
        with suppress(sqlite3.Error):
            self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, to read from. SQLite's errors become LibraryError. [worker]"""
        with self._said():
            yield self.connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection within a transaction: all of it or, where anything is raised, nothing. [worker]

        Raises LibraryError; within another `writing` it is a part of that.
        """
        if self.read_only:
            raise LibraryError(f"{self.path}: was opened to be read; nothing can be written to it")
        if self.connection.in_transaction:
            yield self.connection
            return
        with self._said():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    self.connection.execute("ROLLBACK")
                raise

    def _writable(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"{self.path.parent}: {error.strerror}; name another place with --library FILE"
            ) from None
        connection = self._connected("rwc")
        try:
            self._check(connection, connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            if connection.execute("PRAGMA user_version").fetchone()[0] < schema.VERSION:
                schema.migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _read_only(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise LibraryError(f"{self.path}: there is no library yet; make one: jamd library scan DIR")
        connection = self._connected("ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            wal = self.path.with_name(f"{self.path.name}-wal")
            no_log = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
            if not no_log or (wal.exists() and wal.stat().st_size > 0):
                connection.close()
                raise
            connection.close()  # on a disk that cannot be written there is no log, and none can be made
            connection = self._connected("ro&immutable=1")
        try:
            self._check(connection, False)
            (has,) = connection.execute("PRAGMA user_version").fetchone()
            if has < schema.VERSION:
                raise LibraryError(f"{self.path}: is of an older jamd; open it once to write: jamd library scan DIR")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self, mode: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)

    def _check(self, connection: sqlite3.Connection, is_new: bool) -> None:
        """Raise LibraryError for a file of another program's, or of a newer jamd's."""
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (has,) = connection.execute("PRAGMA user_version").fetchone()
        if owner != schema.APPLICATION and not is_new:
            raise LibraryError(f"{self.path}: is another program's database; name another file with --library FILE")
        if has > schema.VERSION:
            raise LibraryError(
                f"{self.path}: is of a newer jamd (tables {has}, this one knows {schema.VERSION}); update jamd, "
                "or name another file with --library FILE"
            )

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(f"{self.path}: {_words(self.path, error)}") from error
        except UnicodeDecodeError as error:  # of the words of an error that quotes what is damaged
            raise LibraryError(f"{self.path}: is damaged; {RECOVER.format(self.path)}") from error


def _words(path: Path, error: sqlite3.Error) -> str:
    """What is amiss and the remedy, of an error of SQLite's (https://sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"is damaged ({error}); {RECOVER.format(path)}"
    if code == sqlite3.SQLITE_FULL:
        return "the disk is full; what was kept so far is intact: make room, and do it again"
    if code == sqlite3.SQLITE_IOERR:
        return f"the disk does not take or give it ({error}); what was kept so far is intact: look at room and quota"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"may not be written or opened ({error}); mend its folder's permissions, or name another with --library"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program has been writing to it for {BUSY_S:.0f} s; end that, or try again"
    return f"{error}; {RECOVER.format(path)}"
