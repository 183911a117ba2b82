"""Sequential rules: what came next after the items just played (SR: Kamehkhosh, Jannach and Ludewig, 2017)."""

from numba import njit

from daemon.recommend.collaborative.history import NONE, History
from daemon.recommend.collaborative.method import Method
from daemon.recommend.session import Session


class Rules(Method):
    """An item's share of the plays that came where the next one would: `step` steps after the item `step - 1` ago.

    Those nearer to that place count more, as do those of newer sessions, those after the newest items, and those where
    the items before agree too.
    """

    name = "rules"

    def __init__(
        self,
        history: History,
        last: int = 3,
        steps: int = 5,
        nearer: float = 0.3,
        newer: float = 0.3,
        longer: float = 2.0,
        age: float = 0.5,
        sample: int = 300,
    ) -> None:
        """The last items are asked for, in their newest plays; what is a step off its place counts `nearer`, what the
        item before the last says counts `newer`, a context that agrees in one item more `longer`, a session `age`
        sessions back 1/e.
        """
        super().__init__(history)
        self.last, self.steps, self.sample = last, steps, sample
        self.nearer, self.newer, self.longer, self.age = nearer, newer, longer, age

    def _walk(self, session: Session) -> int:
        h = self.history
        running = h.running(session)
        return _follow(
            session.rows, self.last, self.steps, self.sample, self.nearer, self.newer, self.longer, h.fade(self.age),
            h.rows, h.offsets, h.session_of, h.latest, h.before, h.n_sessions,
            NONE if running == NONE else h.offsets[running],
            self._weights, self._met,
        )  # fmt: skip


LONGEST = 4
"""Items of context that are compared."""


@njit(cache=True, nogil=True)
def _follow(
    played, last, steps, sample, nearer, newer, longer, fade,
    rows, offsets, session_of, latest, before, n_sessions, running, weights, met,
):  # fmt: skip
    """running: the first play of this very session in the history, or -1; its own newest plays say nothing."""
    n_met, total = 0, 0.0
    n = len(played)
    for back in range(min(last, n)):
        by_item = newer**back
        p = latest[played[n - 1 - back]]
        walked = 0
        while p >= 0 and walked < sample:
            if running >= 0 and p == running + n - 1 - back:
                p = before[p]
                continue
            s = session_of[p]
            weight = by_item * fade[n_sessions - 1 - s]
            agree = 1
            while (
                agree < LONGEST
                and p - agree >= offsets[s]
                and back + agree < n
                and rows[p - agree] == played[n - 1 - back - agree]
            ):
                weight *= longer
                agree += 1
            total += weight
            for q in range(p + 1, min(p + steps + 1, offsets[s + 1])):
                i = rows[q]
                more = weight * nearer ** abs(q - p - 1 - back)
                if more <= 0:
                    continue
                if weights[i] == 0:
                    met[n_met] = i
                    n_met += 1
                weights[i] += more
            p = before[p]
            walked += 1
    for j in range(n_met):
        weights[met[j]] = min(weights[met[j]] / total, 1.0)  # a row may come in several places after one play
    return n_met
