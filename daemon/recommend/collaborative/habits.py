"""When an item is played: how long it rests between sessions, and where in a session it stands.

A song just played in the last sets is left out of the next, then it comes round again: in what rhythm is counted here,
as hazard rates (the share of the chances to come back that were taken), as renewal theory does.
"""

import numpy as np
from numba import njit

from daemon.recommend.collaborative.history import NONE, History
from daemon.recommend.session import Session

GAPS = 20  # classes of a rest
RATES = 12  # classes of an item's usual rest
PLACES = 8
_SLOW = 0.25  # how much of the newest rest goes into the usual one
_WALK = 64  # plays looked through for those of one DJ


class Habits:
    """Columns, each 0..1, for rows of a session. 40 bytes an item. One thread at a time. [worker]

    since: 1 / (1 + the sessions since it was last played): 1 for what was played in this one; since_dj: the same, in
    sessions of this DJ's. due: how often items that usually rest as long as this one came back after as long as this
    one has rested. place: 0.5 where it stands as often as anything at this place of a session, more: oftener. 0 for all
    where it was never played.
    """

    fields = ("since", "since_dj", "due", "place")

    def __init__(self, history: History) -> None:
        self.history = history
        self._usual = np.zeros(history.n_items, np.float32)  # log2 of the usual rest; 0: not known
        self._places = np.zeros((history.n_items, PLACES), np.float32)
        self._any_place = np.zeros(PLACES)
        self._came = np.zeros((RATES, GAPS))
        self._chances = np.zeros((RATES, GAPS))
        self._resting = np.zeros((RATES, GAPS))  # items by how long they rest now
        self._left = np.zeros((0, RATES), np.int32)  # by session: items that were last played in it
        self._counted, self._closed = 0, 0
        self._nth = np.zeros(0, np.int32)
        self._of_dj: np.ndarray = np.zeros(0, np.int64)
        self._numbered = 0

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 of shape (len(rows), 4)."""
        h = self.history
        self._count()
        running = h.running(session)
        now = h.n_sessions if running == NONE else running
        dj = h.dj(session.dj)
        sets_of_dj = int(self._of_dj[dj]) if dj != NONE else 0
        if NONE not in (dj, running):
            sets_of_dj -= 1
        return _columns(
            np.asarray(rows, np.int64), now, dj, sets_of_dj, _place(len(session.rows)),
            h.latest, h.before, h.session_of, h.djs, self._nth, self._usual, self._places, self._any_place,
            self._came, self._chances,
        )  # fmt: skip

    def _count(self) -> None:
        h = self.history
        if self._numbered < h.n_sessions:
            if len(self._nth) < h.n_sessions:
                more = np.zeros(len(h.djs), np.int32)
                more[: len(self._nth)] = self._nth
                self._nth = more
            codes = int(h.djs[: h.n_sessions].max()) + 1
            if len(self._of_dj) < codes:
                self._of_dj = np.concatenate([self._of_dj, np.zeros(codes - len(self._of_dj), np.int64)])
            _number(self._numbered, h.n_sessions, h.djs, self._nth, self._of_dj)
            self._numbered = h.n_sessions
        if len(self._left) < h.n_sessions:
            left = np.zeros((len(h.starts), RATES), np.int32)
            left[: len(self._left)] = self._left
            self._left = left
        self._closed = _count(
            self._counted, h.n_plays, self._closed, h.n_sessions, h.rows, h.offsets, h.session_of, h.before,
            self._usual, self._places, self._any_place, self._came, self._chances, self._resting, self._left,
        )  # fmt: skip
        self._counted = h.n_plays


@njit(cache=True, nogil=True)
def _gap(sessions):
    """The class of a rest of 1 session or more: 1, 2, 3, 4, then two an octave."""
    if sessions <= 4:
        return sessions - 1
    return min(int(2 * np.log2(sessions)), GAPS - 1)


def _least(gap: int) -> int:
    """The shortest rest of a class."""
    return next(rest for rest in range(1, 1 << GAPS) if _gap.py_func(rest) >= gap)


_LEAST = np.array([_least(gap) for gap in range(GAPS)])


@njit(cache=True, nogil=True)
def _rate(usual):
    return min(int(usual * 1.5), RATES - 1) if usual > 0 else 0


@njit(cache=True, nogil=True)
def _place(position):
    """The class of the number of plays before."""
    if position < 3:
        return position
    return 3 if position < 5 else 4 if position < 8 else 5 if position < 13 else 6 if position < 21 else 7


@njit(cache=True, nogil=True)
def _number(first, end, djs, nth, of_dj):
    for s in range(first, end):
        nth[s] = of_dj[djs[s]]
        of_dj[djs[s]] += 1


@njit(cache=True, nogil=True)
def _close(s, resting, left, chances):
    """Session s is over: all items that rested in it had a chance, those of a class each in the class of their rest."""
    for gap in range(GAPS):
        since = s - _LEAST[gap]
        if since < 0:
            break
        for rate in range(RATES):
            resting[rate, gap] += left[since, rate]
            if gap > 0:
                resting[rate, gap - 1] -= left[since, rate]
    chances += resting


@njit(cache=True, nogil=True)
def _count(
    first, end, closed, n_sessions, rows, offsets, session_of, before,
    usual, places, any_place, came, chances, resting, left,
):  # fmt: skip
    """Takes in plays, and the ends of all sessions but the newest; returns how many have ended."""
    for p in range(first, end):
        i, s = rows[p], session_of[p]
        while closed < s:
            _close(closed, resting, left, chances)
            closed += 1
        place = _place(p - offsets[s])
        places[i, place] += 1
        any_place[place] += 1
        then = session_of[before[p]] if before[p] >= 0 else -1
        if then == s:
            continue
        if then >= 0:
            rest, rate = s - then, _rate(usual[i])
            came[rate, _gap(rest)] += 1
            chances[rate, _gap(rest)] += 1
            left[then, rate] -= 1
            if rest > 1:
                resting[rate, _gap(rest - 1)] -= 1
            log = np.log2(rest) + 1  # 1 or more, 0 is not known
            usual[i] = log if usual[i] == 0 else usual[i] + _SLOW * (log - usual[i])
        left[s, _rate(usual[i])] += 1
    while closed < n_sessions - 1:
        _close(closed, resting, left, chances)
        closed += 1
    return closed


@njit(cache=True, nogil=True)
def _columns(
    wanted, now, dj, sets_of_dj, place,
    latest, before, session_of, djs, nth, usual, places, any_place, came, chances,
):  # fmt: skip
    out = np.zeros((len(wanted), 4), np.float32)
    everywhere = any_place.sum()
    for j in range(len(wanted)):
        i = wanted[j]
        p = latest[i]
        if p < 0:
            continue
        rest = now - session_of[p]
        out[j, 0] = 1 / (1 + rest)
        if dj >= 0:
            q, walked = p, 0
            while q >= 0 and walked < _WALK and (djs[session_of[q]] != dj):
                q = before[q]
                walked += 1
            if q >= 0 and djs[session_of[q]] == dj:
                out[j, 1] = 1 / (1 + sets_of_dj - nth[session_of[q]])
        if rest > 0:
            rate, gap = _rate(usual[i]), _gap(rest)
            all_came, all_chances = came[:, gap].sum(), chances[:, gap].sum()
            usually = (all_came + 1) / (all_chances + 100)
            out[j, 2] = min((came[rate, gap] + 20 * usually) / (chances[rate, gap] + 20), 1.0)
        share = (places[i, place] + any_place[place] / everywhere) / (places[i].sum() + 1)
        out[j, 3] = share / (share + any_place[place] / everywhere) if share > 0 else 0.5
    return out
