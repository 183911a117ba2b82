"""Who is played after whom: the same methods over artists, so that a new track of theirs has a past to stand on."""

import numpy as np
from msgspec.structs import replace

from daemon.recommend.catalogue import NOBODY, Catalogue
from daemon.recommend.collaborative.cooccurrence import Cooccurrence
from daemon.recommend.collaborative.history import History
from daemon.recommend.collaborative.method import Method
from daemon.recommend.collaborative.neighbours import STAN
from daemon.recommend.collaborative.popularity import Popularity
from daemon.recommend.collaborative.rules import Rules
from daemon.recommend.family import Part
from daemon.recommend.session import Session

MOST = 30  # tracks of one artist among the candidates


class Artists:
    """A Family: as Collaborative, each track with its artist's scores. One thread at a time. [worker]"""

    name = "collaborative"

    def __init__(self, catalogue: Catalogue, history: History) -> None:
        """`history` is of tracks, and is copied as artists."""
        self.catalogue = catalogue
        self.codes = catalogue.artists
        n = int(self.codes.max(initial=NOBODY)) + 1
        plays, ends = history.rows[: history.n_plays], history.offsets[1 : history.n_sessions + 1]
        codes = self.codes[plays] if len(plays) else np.empty(0, np.int32)
        told = codes != NOBODY
        offsets = np.concatenate([[0], np.concatenate([[0], np.cumsum(told)])[ends]])
        names = history.names
        djs = [names[code] for code in history.djs[: history.n_sessions].tolist()]
        self.history = History(max(n, 1), offsets, codes[told], history.starts[: history.n_sessions], djs)
        self.methods: dict[str, Method | Popularity] = {
            "popularity": Popularity(self.history, age=50.0),
            "item_item": Cooccurrence(self.history),
            "rules": Rules(self.history),
            "stan": STAN(self.history),
        }
        self.fields = (*(f"artist_{name}" for name in self.methods), "artist_share")
        order = np.argsort(self.codes, kind="stable")
        self._tracks = order[np.searchsorted(self.codes[order], 0) :]
        self._first = np.searchsorted(self.codes[self._tracks], np.arange(n + 1))
        self._any = np.ones(max(n, 1), np.uint8)

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """At most k rows, int64: tracks of the artists that come next, those just played among them; best first."""
        told = self._told(session)
        lists = [self.methods[name].candidates(told, self._any, k) for name in ("rules", "stan", "item_item")]
        ahead = np.unique(told.rows[-10:])
        points = np.zeros(len(self._any), np.float32)
        for found in (ahead, *lists):
            points[found] += 1 / (10 + np.arange(len(found)))
        chosen: list[np.ndarray] = []
        left = k
        for code in np.argsort(-points, kind="stable")[: min(k, int((points > 0).sum()))]:
            rows = self._tracks[self._first[code] : self._first[code + 1]]
            rows = rows[allowed[rows] != 0][: min(MOST, left)]
            chosen.append(rows)
            left -= len(rows)
            if left <= 0:
                break
        return np.concatenate(chosen).astype(np.int64) if chosen else np.empty(0, np.int64)

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 (len(rows), 5): the artist's scores; and the share of the session that is theirs."""
        rows = np.asarray(rows, np.int64)
        told = self._told(session)
        codes = self.codes[rows]
        by = codes != NOBODY
        columns = np.zeros((len(rows), len(self.fields)), np.float32)
        if by.any():
            for j, method in enumerate(self.methods.values()):
                columns[by, j] = method.scores(told, codes[by].astype(np.int64))
            if len(told.rows):
                shares = np.bincount(told.rows, minlength=len(self._any)) / len(told.rows)
                columns[by, -1] = shares[codes[by]]
        return columns

    def parts(self, session: Session, row: int) -> tuple[Part, ...]:
        """How often the artist was played in how many sets, where the very track was not."""
        code = int(self.codes[row])
        if code == NOBODY or not self.history.plays[code]:
            return ()
        plays, sets = int(self.history.plays[code]), int(self.history.sets[code])
        value = float(self.methods["popularity"].scores(self._told(session), np.array([code]))[0])
        who = self.catalogue.items[row].artist
        return (Part("artist", value, f"{who}: {plays} play{'s' * (plays != 1)} in {sets} set{'s' * (sets != 1)}"),)

    def learn(self, session: Session) -> None:
        """As a Family's."""
        self.history.learn(self._told(session))

    def _told(self, session: Session) -> Session:
        """The session in artists."""
        if not len(session.rows):
            return session
        codes = self.codes[session.rows]
        told = codes != NOBODY
        at = session.at[told] if len(session.at) == len(codes) else session.at
        return replace(session, rows=codes[told].astype(np.int64), at=at, verdicts={})
