"""Other programs' SQLite files, opened so that nothing is ever written to them; their errors in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemon.recommend.importing.record import ImportingError


def opened(path: Path, program: str) -> sqlite3.Connection:
    """Read-only, rows by name, texts that are not UTF-8 with replacement signs. Raises ImportingError. [worker]"""
    with said(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        connection.row_factory = sqlite3.Row
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        try:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise ImportingError(f"{path}: is empty; name the database of {program}")
        except BaseException:
            connection.close()
            raise
    return connection


def tables(path: Path) -> set[str]:
    """The names of a file's tables; empty for a file that is no SQLite database. [worker]"""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
    except sqlite3.Error:
        return set()
    try:
        return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except (sqlite3.Error, UnicodeDecodeError):
        return set()
    finally:
        connection.close()


@contextmanager
def said(path: Path) -> Iterator[None]:
    """SQLite's errors as ImportingError, one line."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            why = "its program is writing to it; close that, or try again"
        elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            why = "cannot be opened; look at its path and permissions"
        else:
            why = f"is damaged, or of a version that is not known ({error}); have its program check it"
        raise ImportingError(f"{path}: {why}") from None
    except IndexError:  # a column that is not there
        raise ImportingError(
            f"{path}: is damaged, or of a version that is not known; have its program check it"
        ) from None
    except UnicodeDecodeError:  # of the words of an error that quotes what is damaged
        raise ImportingError(f"{path}: is damaged; have its program check it") from None
