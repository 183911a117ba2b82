"""What recommends, made of a library."""

from collections import Counter
from typing import Protocol

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.family import Part, Suggestion
from daemon.recommend.library.store import Library
from daemon.recommend.session import Session, Wishes


class Recommends(Protocol):
    """As daemon.recommend.blend."""

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]: ...
    def learn(self, session: Session) -> None: ...


def recommends(library: Library, catalogue: Catalogue, running: int, families: tuple[str, ...]) -> Recommends:
    """`running`: the set that goes on, whose plays are still to be learnt."""
    return Popular(library, catalogue)


class Popular:
    """What was played most."""

    def __init__(self, library: Library, catalogue: Catalogue) -> None:
        counts = Counter(play.item_id for one in library.history.sets() for play in one.plays)
        self._counts = np.array([counts[int(number)] for number in catalogue.ids], np.float64)

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]:
        taken = set(session.rows.tolist()) | {row for row, value in session.verdicts.items() if value < 0}
        most = max(1.0, float(self._counts.max(initial=0.0)))
        order = [int(row) for row in np.argsort(-self._counts, kind="stable") if int(row) not in taken][:n]
        return [self._one(row, self._counts[row] / most) for row in order]

    def _one(self, row: int, part: float) -> Suggestion:
        return Suggestion(row, part, (Part("played", part, f"played {self._counts[row]:.0f} times"),), "collaborative")

    def learn(self, session: Session) -> None:
        """Nothing."""
