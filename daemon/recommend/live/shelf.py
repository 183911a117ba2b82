"""The library as the recommender has it: its items as columns, what recommends, what recognises; read beside the work.

A library grows while it is used, by a scan or an import. Then all of it is read again on a thread, and takes the place of
what was read before.
"""

import threading
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from daemon.errors import UserError
from daemon.recommend.blend.blend import Recommender
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.library.store import Library
from daemon.recommend.live.listening import Recognises, recogniser
from daemon.recommend.live.recommender import recommender

LOOK_S = 1.0  # between two looks whether it grew
REST_S, REST_TIMES, REST_MOST_S = 2.0, 5.0, 60.0  # between two readings: so many times as long as one takes
BUSY_MS = 200  # that the session's writing waits for another program's

State = tuple[int, ...]


class ReadError(UserError):
    """A reading that failed for a reason of jamd's own."""


class Shelf(NamedTuple):
    """One reading."""

    catalogue: Catalogue
    recommends: Recommender
    recognises: Recognises | None
    n_prints: int  # that it knows
    lacks: str  # of what recommends: what is not there, and why
    state: State
    seconds: float


def opened(path: Path) -> Library:
    """To write where that is possible, else to read only; never waiting long. Raises LibraryError."""
    try:
        library = Library.open(path)
    except UserError:
        library = Library.open(path, read_only=True)
    with library.database.reading() as connection:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return library


def state(library: Library) -> State:
    """Another one when items, their profiles or their prints are others."""
    with library.database.reading() as connection:
        one = connection.execute("SELECT count(*), max(id), max(mtime_ns), sum(gone) FROM items").fetchone()
        two = connection.execute("SELECT count(*), sum(version) FROM profiles").fetchone()
        three = connection.execute("SELECT count(*) FROM prints").fetchone()
    return tuple(int(value or 0) for value in (*one, *two, *three))


def read(path: Path, running: int, families: tuple[str, ...], rate: int) -> Shelf:
    """Read it now. `running`: the set that goes on, its plays are learnt later; `rate` 0: nothing is to be recognised."""
    begun = time.monotonic()
    with Library.open(path, read_only=True) as library:
        is_state = state(library)
        catalogue = library.catalogue()
        recommends, lacks = recommender(library, catalogue, running, families)
        recognises, n_prints = recogniser(library, rate) if rate else (None, 0)
    seconds = time.monotonic() - begun
    return Shelf(catalogue, recommends, recognises, n_prints, lacks, is_state, seconds)


class Reader:
    """Reads again and again, as the library grows. [worker]"""

    def __init__(self, library: Library, families: tuple[str, ...]) -> None:
        """`library` is open on the thread of `turn`."""
        self._library, self._families = library, families
        self._thread: threading.Thread | None = None
        self._found: Shelf | UserError | None = None
        self._state: State | None = None
        self._version = self._rate = -1
        self._look_at = 0.0

    def turn(self, running: int, rate: int) -> Shelf | UserError | None:
        """A new reading once there is one, or why there is none. `running` and `rate` as in `read`."""
        now = time.monotonic()
        if self._thread is not None:
            return None if self._thread.is_alive() else self._take(now)
        if now < self._look_at and rate == self._rate:
            return None
        self._look_at = now + LOOK_S
        if self._is_same(rate):
            return None
        self._rate = rate
        self._thread = threading.Thread(target=self._read, args=(running, rate), daemon=True)
        self._thread.start()
        return None

    def _take(self, now: float) -> Shelf | UserError | None:
        assert self._thread is not None
        self._thread.join()
        self._thread, found, self._found = None, self._found, None
        if isinstance(found, Shelf):
            self._state = found.state
            self._look_at = now + min(REST_MOST_S, max(REST_S, REST_TIMES * found.seconds))
        else:
            self._look_at, self._version = now + REST_S, -1
        return found

    def _is_same(self, rate: int) -> bool:
        """`data_version` changes when another connection has written, if only what was played."""
        with self._library.database.reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        if rate == self._rate and version == self._version and self._state is not None:
            return True
        self._version = version
        return rate == self._rate and self._state is not None and state(self._library) == self._state

    def _read(self, running: int, rate: int) -> None:
        try:
            self._found = read(self._library.path, running, self._families, rate)
        except UserError as error:
            self._found = error
        except Exception as error:  # a defect; what was read before stays
            traceback.print_exc()
            self._found = ReadError(f"a defect of jamd's in reading {self._library.path}: {error!r}")
