"""What recommends, made of a library."""

import traceback
from typing import Protocol

import numpy as np

from daemon.errors import UserError
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.history import History
from daemon.recommend.family import Suggestion
from daemon.recommend.library.store import Library
from daemon.recommend.live.past import history
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import allowed


class Recommends(Protocol):
    """As daemon.recommend.blend."""

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]: ...
    def learn(self, session: Session) -> None: ...


def recommends(
    library: Library, catalogue: Catalogue, running: int, families: tuple[str, ...]
) -> tuple[Recommends, str]:
    """All families together, and what of them cannot be used; where none of it can, what was played alone tells.

    `running`: the set that goes on, whose plays are still to be learnt. Each has answered once, so that nothing that is
    waited for has to compile.
    """
    past, last = history(library, catalogue, running), library.history.last_played(catalogue.ids)
    try:
        from daemon.recommend.blend import opening

        models = opening.own(library.path)
        made, lacks = opening.recommender(
            catalogue, past, last, models if models.is_dir() else opening.SHIPPED, families
        )
        _warm(made, catalogue)
    except Exception as error:
        if not isinstance(error, UserError):
            traceback.print_exc()
        why = str(error) if isinstance(error, UserError) else f"a defect of jamd's: {error!r}"
        alone = Alone(catalogue, past)
        _warm(alone, catalogue)
        return alone, f"only what was played suggests: {why}"
    return made, lacks


def _warm(recommender: Recommends, catalogue: Catalogue) -> None:
    for rows in ([], [0], [0, 1]):
        if len(rows) < len(catalogue):
            at = np.arange(len(rows), dtype=np.float64)
            recommender.next(Session(rows=np.array(rows, np.int64), at=at, now=float(len(rows))), Wishes(), 1)


class Alone:
    """The collaborative family by itself."""

    def __init__(self, catalogue: Catalogue, past: History) -> None:
        self._family = Collaborative(catalogue, past)

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]:
        mask = allowed(wishes, session, self._family.catalogue)
        mask[[row for row, value in session.verdicts.items() if value < 0]] = 0
        found = self._family.candidates(session, mask, n)
        rest = np.flatnonzero(mask)
        rows = np.concatenate([found, rest[~np.isin(rest, found)]])[:n]
        scores = self._family.scores(session, rows).max(axis=1, initial=0.0)
        return [
            Suggestion(int(row), float(score), self._family.parts(session, int(row)), "collaborative")
            for row, score in zip(rows, scores, strict=True)
        ]

    def learn(self, session: Session) -> None:
        self._family.learn(session)
