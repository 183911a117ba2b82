"""What recommends, made of a library."""

from typing import Protocol

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.family import Suggestion
from daemon.recommend.library.store import Library
from daemon.recommend.live.past import history
from daemon.recommend.session import Session, Wishes


class Recommends(Protocol):
    """As daemon.recommend.blend."""

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]: ...
    def learn(self, session: Session) -> None: ...


def recommends(library: Library, catalogue: Catalogue, running: int, families: tuple[str, ...]) -> Recommends:
    """`running`: the set that goes on, whose plays are still to be learnt."""
    try:
        from daemon.recommend.blend import opening
    except ImportError:
        return Alone(library, catalogue, running)
    models = opening.own(library.path)
    past, last = history(library, catalogue, running), library.history.last_played(catalogue.ids)
    made, _ = opening.recommender(catalogue, past, last, models if models.is_dir() else opening.SHIPPED, families)
    return made


class Alone:
    """The collaborative family by itself."""

    def __init__(self, library: Library, catalogue: Catalogue, running: int) -> None:
        self._family = Collaborative(catalogue, history(library, catalogue, running))

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]:
        allowed = np.ones(len(self._family.catalogue), np.uint8)
        allowed[session.rows] = 0
        allowed[[row for row, value in session.verdicts.items() if value < 0]] = 0
        found = self._family.candidates(session, allowed, n)
        rest = np.flatnonzero(allowed)
        rows = np.concatenate([found, rest[~np.isin(rest, found)]])[:n]
        scores = self._family.scores(session, rows).max(axis=1, initial=0.0)
        return [
            Suggestion(int(row), float(score), self._family.parts(session, int(row)), "collaborative")
            for row, score in zip(rows, scores, strict=True)
        ]

    def learn(self, session: Session) -> None:
        self._family.learn(session)
