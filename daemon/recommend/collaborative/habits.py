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
        self._open = np.zeros((RATES, GAPS))  # chances of items that have not come back yet
        self._counted, self._opened = 0, NONE
        self._nth = np.zeros(0, np.int32)
        self._of_dj: np.ndarray = np.zeros(0, np.int64)
        self._numbered = 0

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 of shape (len(rows), 4)."""
        h = self.history
        self._count()
        running = h.running(session)
        now = h.n_sessions if running == NONE else running
        if self._opened != now:
            self._open[:] = 0
            _still_open(h.latest, h.session_of, self._usual, now, self._open)
            self._opened = now
        dj = h.dj(session.dj)
        sets_of_dj = int(self._of_dj[dj]) if dj != NONE else 0
        if NONE not in (dj, running):
            sets_of_dj -= 1
        return _columns(
            np.asarray(rows, np.int64), now, dj, sets_of_dj, _place(len(session.rows)),
            h.latest, h.before, h.session_of, h.djs, self._nth, self._usual, self._places, self._any_place,
            self._came, self._chances + self._open,
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
        if self._counted < h.n_plays:
            _count(
                self._counted, h.n_plays, h.rows, h.offsets, h.session_of, h.before,
                self._usual, self._places, self._any_place, self._came, self._chances,
            )  # fmt: skip
            self._counted, self._opened = h.n_plays, NONE


@njit(cache=True, nogil=True)
def _gap(sessions):
    """The class of a rest of 1 session or more: 1, 2, 3, 4, then two an octave."""
    if sessions <= 4:
        return sessions - 1
    return min(int(2 * np.log2(sessions)), GAPS - 1)


@njit(cache=True, nogil=True)
def _gap_from(gap):
    """The least rest of a class."""
    if gap < 4:
        return gap + 1
    least = int(2 ** (gap / 2))
    while _gap(least) < gap:
        least += 1
    return least


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
def _expose(chances, rate, rest):
    """A rest of so many sessions was so many chances to come back, each in the class of the rest so far."""
    for gap in range(GAPS):
        least = _gap_from(gap)
        if least > rest:
            break
        most = _gap_from(gap + 1) - 1 if gap + 1 < GAPS else rest
        chances[rate, gap] += max(min(most, rest) - least + 1, 0)


@njit(cache=True, nogil=True)
def _count(first, end, rows, offsets, session_of, before, usual, places, any_place, came, chances):
    for p in range(first, end):
        i, s = rows[p], session_of[p]
        place = _place(p - offsets[s])
        places[i, place] += 1
        any_place[place] += 1
        if before[p] < 0 or session_of[before[p]] == s:
            continue
        rest = s - session_of[before[p]]
        rate = _rate(usual[i])
        came[rate, _gap(rest)] += 1
        _expose(chances, rate, rest)
        log = np.log2(rest) + 1  # 1 or more, 0 is not known
        usual[i] = log if usual[i] == 0 else usual[i] + _SLOW * (log - usual[i])


@njit(cache=True, nogil=True)
def _still_open(latest, session_of, usual, now, chances):
    for i in range(len(latest)):
        if latest[i] >= 0:
            _expose(chances, _rate(usual[i]), now - 1 - session_of[latest[i]])


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
