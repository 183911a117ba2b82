"""The collaborative family: what to play next from what was played before, by this DJ and by others."""

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.cooccurrence import Cooccurrence
from daemon.recommend.collaborative.habits import Habits
from daemon.recommend.collaborative.history import History
from daemon.recommend.collaborative.method import Method
from daemon.recommend.collaborative.neighbours import STAN, VSKNN, VSTAN
from daemon.recommend.collaborative.popularity import Popularity
from daemon.recommend.collaborative.rules import Rules
from daemon.recommend.collaborative.transitions import Next, Previous, followed, in_common, playing
from daemon.recommend.family import Part
from daemon.recommend.session import Session

FUSED = {"rules": 1.0, "vstan": 1.0, "stan": 0.5, "item_item": 0.2, "recent": 0.1}
"""What a method's list weighs in the candidates."""

_FUSION = 10.0
_SAMPLE = 1000  # plays or sessions that a shown count looks at


class Collaborative:
    """Every method's score as a column; candidates are the union of the methods' lists. One thread at a time. [worker]"""

    name = "collaborative"

    def __init__(self, catalogue: Catalogue, history: History) -> None:
        """The history's items are the catalogue's rows. It is shared: `learn` is for everything that walks it."""
        self.catalogue = catalogue
        self.history = history
        self.methods: dict[str, Method | Popularity] = {
            "popularity": Popularity(history, age=1e6),
            "recent": Popularity(history, age=50.0),
            "item_item": Cooccurrence(history),
            "rules": Rules(history),
            "next": Next(history),
            "previous": Previous(history),
            "vsknn": VSKNN(history),
            "stan": STAN(history),
            "vstan": VSTAN(history),
        }
        self.habits = Habits(history)
        self.fields: tuple[str, ...] = (*self.methods, *self.habits.fields)

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """At most k rows, int64, best first: reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)."""
        lists = {name: self.methods[name].candidates(session, allowed, k) for name in FUSED}
        rows = np.concatenate(list(lists.values()))
        points = np.concatenate([FUSED[name] / (_FUSION + np.arange(len(found))) for name, found in lists.items()])
        union, places = np.unique(rows, return_inverse=True)
        fused = np.bincount(places, points, len(union))
        return union[np.argsort(-fused, kind="stable")[:k]]

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 of shape (len(rows), len(fields)), each 0..1; 0 where a method knows nothing."""
        rows = np.asarray(rows, np.int64)
        columns = np.empty((len(rows), len(self.fields)), np.float32)
        for j, method in enumerate(self.methods.values()):
            columns[:, j] = method.scores(session, rows)
        columns[:, len(self.methods) :] = self.habits.scores(session, rows)
        return columns

    def learn(self, session: Session) -> None:
        """The session's newest play has happened: it counts in the very next list."""
        self.history.learn(session)

    def parts(self, session: Session, row: int) -> tuple[Part, ...]:
        """Counts from the history, of at most the newest thousand plays or sessions."""
        h = self.history
        if not 0 <= row < h.n_items or not h.plays[row]:
            return ()
        parts = []
        if session.last is not None:
            parts += [part for part in (self._after(session, row), self._together(session, row)) if part]
        n = int(h.plays[row])
        value = float(self.methods["popularity"].scores(session, np.array([row]))[0])
        sets = int(h.sets[row])
        parts.append(Part("plays", value, f"played {_times(n)} in {sets} set{'s' * (sets != 1)}"))
        return tuple(parts)

    def _after(self, session: Session, row: int) -> Part | None:
        h, last = self.history, session.rows[-1]
        current = playing(h, session)
        times, of = followed(last, row, current, _SAMPLE, h.rows, h.offsets, h.session_of, h.latest, h.before)
        if not times:
            return None
        return Part("played_after", times / of, f"played next {_times(times)} of {of} after {self._title(last)}")

    def _together(self, session: Session, row: int) -> Part | None:
        """With the last two items, or else with the last."""
        h = self.history
        running = h.running(session)
        others = [r for r in dict.fromkeys(session.rows[::-1].tolist()) if r != row][:2]
        for n in range(len(others), 0, -1):
            items = np.array([*others[:n], row], np.int64)
            arrays = (h.rows, h.offsets, h.session_of, h.latest, h.before, h.sets)
            count, whole = in_common(items, running, _SAMPLE, *arrays)
            if count:
                of, _ = in_common(items[:-1], running, _SAMPLE, *arrays)
                names = " and ".join(self._title(r) for r in others[:n])
                least = "" if whole else "at least "
                text = f"in {least}{count} set{'s' * (count != 1)} with {names}"
                return Part("together", min(count / max(of, 1), 1.0), text)
        return None

    def _title(self, row: int) -> str:
        item = self.catalogue.items[row]
        return f"'{item.title or item.path or item.id}'"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
