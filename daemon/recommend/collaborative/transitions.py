"""What came directly after an item, what directly before it, and how often items shared a session: plain counts."""

from numba import njit

from daemon.recommend.collaborative.history import History
from daemon.recommend.collaborative.method import Method
from daemon.recommend.session import Session


class Next(Method):
    """The share of the last item's plays that were followed by an item (a Markov chain), the newest `sample` of them."""

    name = "next"
    step = 1

    def __init__(self, history: History, sample: int = 1000) -> None:
        super().__init__(history)
        self.sample = sample

    def _walk(self, session: Session) -> int:
        if session.last is None:
            return 0
        h = self.history
        current = playing(h, session)
        return _beside(
            session.last, self.step, current, self.sample,
            h.rows, h.offsets, h.session_of, h.latest, h.before, self._weights, self._met,
        )  # fmt: skip


class Previous(Next):
    """The share of the last item's plays that came directly after an item."""

    name = "previous"
    step = -1


def playing(history: History, session: Session) -> int:
    """The play of the history that is the session's last; -1: it has not learned it."""
    running = history.running(session)
    place = int(history.offsets[running]) + len(session.rows) - 1
    return place if running >= 0 and place < history.n_plays else -1


@njit(cache=True, nogil=True)
def _beside(item, step, current, sample, rows, offsets, session_of, latest, before, weights, met):
    n_met, walked = 0, 0
    p = latest[item]
    while p >= 0 and walked < sample:
        if p != current:
            walked += 1
            s = session_of[p]
            if offsets[s] <= p + step < offsets[s + 1]:
                i = rows[p + step]
                if weights[i] == 0:
                    met[n_met] = i
                    n_met += 1
                weights[i] += 1
        p = before[p]
    for j in range(n_met):
        weights[met[j]] /= walked
    return n_met


@njit(cache=True, nogil=True)
def followed(item, by, current, sample, rows, offsets, session_of, latest, before):
    """(how often `by` came directly after `item`, of how many plays): the newest `sample`, but for the play `current`."""
    times, walked = 0, 0
    p = latest[item]
    while p >= 0 and walked < sample:
        if p != current:
            walked += 1
            times += p + 1 < offsets[session_of[p] + 1] and rows[p + 1] == by
        p = before[p]
    return times, walked


@njit(cache=True, nogil=True)
def in_common(items, running, sample, rows, offsets, session_of, latest, before, sets):
    """(sessions with all of these items but for `running`, whether all were looked at): the rarest's newest `sample`."""
    rarest = items[0]
    for item in items:
        if sets[item] < sets[rarest]:
            rarest = item
    count, walked, done = 0, 0, -1
    p = latest[rarest]
    while p >= 0 and walked < sample:
        s = session_of[p]
        if s not in (running, done):
            walked += 1
            found = 0
            for item in items:
                for q in range(offsets[s], offsets[s + 1]):
                    if rows[q] == item:
                        found += 1
                        break
            count += found == len(items)
        done = s
        p = before[p]
    return count, p < 0
