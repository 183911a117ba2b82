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
from daemon.models import shelf as models
from daemon.models.card import ModelError
from daemon.models.opening import Opened
from daemon.recommend.blend import opening
from daemon.recommend.blend.blend import Recommender
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.deep.model import Network
from daemon.recommend.library.store import Library
from daemon.recommend.live.listening import Recognises, recogniser
from daemon.recommend.live.recommender import recommender

LOOK_S = 1.0  # between two looks whether it grew
REST_S, REST_TIMES, REST_MOST_S = 2.0, 5.0, 60.0  # between two readings: so many times as long as one takes
BUSY_MS = 200  # that the session's writing waits for another program's

State = tuple[int, ...]


class ReadError(UserError):
    """A reading that failed for a reason of jamd's own."""


class RefusedError(ModelError):
    """The network that was asked for will not do; what was read before stays."""

    def __init__(self, model: str, why: str) -> None:
        super().__init__(why)
        self.model = model


class Shelf(NamedTuple):
    """One reading."""

    catalogue: Catalogue
    recommends: Recommender
    recognises: Recognises | None
    model: Opened | None  # the network among what recommends, where there is one
    refused: str  # why not the one that was chosen
    asked: str  # the network that this reading was asked for, if it was
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


def read(path: Path, running: int, families: tuple[str, ...], rate: int, model: str = "") -> Shelf:
    """Read it now. `running`: the set that goes on, its plays are learnt later; `rate` 0: nothing is to be recognised.

    `model`: the network, else what is chosen for "next"; raises ModelError where one that is named here will not do.
    """
    begun = time.monotonic()
    network, refused = _network(path, model, families)
    with Library.open(path, read_only=True) as library:
        is_state = state(library)
        catalogue = library.catalogue()
        recommends, lacks = recommender(library, catalogue, running, families, network)
        recognises, n_prints = recogniser(library, rate) if rate else (None, 0)
    seconds = time.monotonic() - begun
    return Shelf(catalogue, recommends, recognises, network, refused, model, n_prints, lacks, is_state, seconds)


def _network(path: Path, model: str, families: tuple[str, ...]) -> tuple[Opened | None, str]:
    """The session network; and why not the one that was chosen before, where that is so. Raises ModelError."""
    folder = opening.own(path)
    if model:
        if "deep" not in families:
            raise ModelError("the network does not suggest here; name deep among the config's [recommend] families")
        made = opening.network(folder, model)
        Network(made)  # what lies beside the graphs is looked at, too
        return made, ""
    if "deep" not in families:
        return None, ""
    try:
        return opening.network(folder), ""
    except ModelError as error:
        why = str(error)
    try:
        chosen = models.preferred("next")
        return (opening.network(folder, models.OWN), why) if chosen not in ("", models.OWN) else (None, "")
    except ModelError:
        return None, why


class Reader:
    """Reads again and again, as the library grows. [worker]"""

    def __init__(self, library: Library, families: tuple[str, ...]) -> None:
        """`library` is open on the thread of `turn`."""
        self._library, self._families = library, families
        self._thread: threading.Thread | None = None
        self._found: Shelf | UserError | None = None
        self._state: State | None = None
        self._version = self._rate = -1
        self._model = self._wanted = ""  # the network that is used, and another that is to be tried, if any
        self._look_at = 0.0

    def use(self, model: str) -> str:
        """Read again, with another network; gives the one that was wanted before and is not tried, if any."""
        before, self._wanted = self._wanted, model
        return before

    def turn(self, running: int, rate: int) -> Shelf | UserError | None:
        """A new reading once there is one, or why there is none. `running` and `rate` as in `read`."""
        now = time.monotonic()
        if self._thread is not None:
            return None if self._thread.is_alive() else self._take(now)
        wanted, self._wanted = self._wanted, ""
        if not wanted and now < self._look_at and rate == self._rate:
            return None
        self._look_at = now + LOOK_S
        if not wanted and self._is_same(rate):
            return None
        self._rate = rate
        self._thread = threading.Thread(target=self._read, args=(running, rate, wanted), daemon=True)
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

    def _read(self, running: int, rate: int, wanted: str) -> None:
        try:
            found = read(self._library.path, running, self._families, rate, wanted or self._model)
            self._found = found._replace(asked=wanted)
            self._model = wanted or self._model
        except UserError as error:
            self._found = RefusedError(wanted, str(error)) if wanted else error
        except Exception as error:  # a defect; what was read before stays
            traceback.print_exc()
            why = f"a defect of jamd's in reading {self._library.path}: {error!r}"
            self._found = RefusedError(wanted, why) if wanted else ReadError(why)
