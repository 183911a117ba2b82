"""All sessions that were ever played, as arrays that grow: what every collaborative method walks.

The index from items to plays is a chain: each play knows the play of the same item before it. So an item's plays are
met newest first, a new play costs constant time, and nothing is ever built anew: what a DJ just did counts at once.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit

from daemon.recommend.session import Session

NONE = -1
FRESH = 10.0
"""Sessions that are about as new as the newest."""


class History:
    """Sessions oldest first. One thread at a time. [worker]

    offsets int64 (sessions + 1), starts float64, djs int32: by session; rows int32, session_of int32, before int32 (the
    play of the same item before, NONE: none): by play; latest int32 (its newest play), sets int32 (sessions with it),
    plays int32: by item. Arrays of sessions and plays are longer than `n_sessions` and `n_plays` say.
    12 bytes a play, 28 a session, 12 an item; twice that for plays and sessions while they grow.
    """

    def __init__(
        self,
        n_items: int,
        offsets: np.ndarray | None = None,
        rows: np.ndarray | None = None,
        starts: np.ndarray | None = None,
        djs: Sequence[str] | None = None,
    ) -> None:
        """Copies; sessions in any order, sorted by their starts (float64, seconds since 1970), ties as they come."""
        offsets = np.zeros(1, np.int64) if offsets is None else np.asarray(offsets, np.int64)
        rows = np.empty(0, np.int32) if rows is None else np.asarray(rows, np.int32)
        n = len(offsets) - 1
        starts = np.zeros(n) if starts is None else np.asarray(starts, np.float64)
        if len(starts) != n or offsets[-1] != len(rows) or (len(rows) and not 0 <= rows.min() <= rows.max() < n_items):
            raise ValueError(f"a history of {n} sessions and {len(rows)} plays does not agree with {n_items} items")
        self.n_items, self.n_sessions, self.n_plays = n_items, n, len(rows)
        order = np.argsort(starts, kind="stable")
        lengths = np.diff(offsets)[order]
        self.offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        shifts = np.repeat(offsets[:-1][order] - self.offsets[:-1], lengths)
        self.rows = rows[np.arange(len(rows)) + shifts]
        self.starts = starts[order]
        self.session_of = np.repeat(np.arange(n, dtype=np.int32), lengths)
        self.before = np.empty(len(rows), np.int32)
        self.latest = np.full(n_items, NONE, np.int32)
        self.sets = np.zeros(n_items, np.int32)
        self.plays = np.zeros(n_items, np.int32)
        self._fades: dict[float, np.ndarray] = {}
        self._codes: dict[str, int] = {}
        names = [""] * n if djs is None else [djs[s] for s in order]
        self.djs = np.fromiter((self._code(name) for name in names), np.int32, n)
        _chain(0, self.n_plays, self.rows, self.session_of, self.before, self.latest, self.sets, self.plays)

    def dj(self, name: str) -> int:
        """The number of a DJ in `djs`; NONE: has no session here, or no name."""
        return self._codes.get(name, NONE) if name else NONE

    @property
    def names(self) -> list[str]:
        """The DJs by their numbers in `djs`; "" for one without a name."""
        return list(self._codes)

    def fade(self, age: float) -> np.ndarray:
        """float32: what a session counts that is so many back, a power law; at least one for each session.

        So forgetting is the same for a DJ's hundred sets and a station's hundred thousand, unlike a half-life. 4 bytes a
        session and age.
        """
        table = self._fades.get(age)
        if table is None or len(table) < self.n_sessions:
            table = ((1 + np.arange(max(64, len(self.starts))) / FRESH) ** -age).astype(np.float32)
            self._fades[age] = table
        return table

    def learn(self, session: Session) -> None:
        """Takes over what is new in a session that runs: its first play begins one here. Amortised constant time."""
        known = self.running(session)
        if known == NONE:
            if not len(session.rows):
                return
            self._begin(_start(session), session.dj)
            known = self.n_sessions - 1
        first = int(self.n_plays - self.offsets[known])
        self._append(np.asarray(session.rows[first:], np.int32))

    def running(self, session: Session) -> int:
        """The number of the session that `learn` has begun for this one; NONE: it has not."""
        s = self.n_sessions - 1
        if (
            s < 0
            or not len(session.rows)
            or self.starts[s] != _start(session)
            or self.djs[s] != self._codes.get(session.dj)
        ):
            return NONE
        length = int(self.n_plays - self.offsets[s])
        if not 0 < length <= len(session.rows) or session.rows[length - 1] != self.rows[self.n_plays - 1]:
            return NONE
        return s

    def _code(self, name: str) -> int:
        return self._codes.setdefault(name, len(self._codes))

    def _begin(self, start: float, dj: str) -> None:
        s = self.n_sessions
        self.offsets = _room(self.offsets, s + 2)
        self.starts = _room(self.starts, s + 1)
        self.djs = _room(self.djs, s + 1)
        self.offsets[s + 1] = self.offsets[s]
        self.starts[s] = start
        self.djs[s] = self._code(dj)
        self.n_sessions = s + 1

    def _append(self, rows: np.ndarray) -> None:
        n = self.n_plays
        end = n + len(rows)
        self.rows = _room(self.rows, end)
        self.session_of = _room(self.session_of, end)
        self.before = _room(self.before, end)
        self.rows[n:end] = rows
        self.session_of[n:end] = self.n_sessions - 1
        self.offsets[self.n_sessions] = end
        self.n_plays = end
        _chain(n, end, self.rows, self.session_of, self.before, self.latest, self.sets, self.plays)


def _start(session: Session) -> float:
    return float(session.at[0]) if len(session.at) else session.now


def _room(values: np.ndarray, n: int) -> np.ndarray:
    """The same values where there is room for n, twice as much as before where there is not."""
    if n <= len(values):
        return values
    more = np.empty(max(n, 2 * len(values), 64), values.dtype)
    more[: len(values)] = values
    return more


@njit(cache=True, nogil=True)
def _chain(first, end, rows, session_of, before, latest, sets, plays):
    """Enters plays first to end in the index."""
    for p in range(first, end):
        i = rows[p]
        before[p] = latest[i]
        if latest[i] < 0 or session_of[latest[i]] != session_of[p]:
            sets[i] += 1
        plays[i] += 1
        latest[i] = p
