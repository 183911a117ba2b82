"""The three families as one recommender: their candidates, one ranking, what the DJ wants and said, and some variety."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.blend.variety import varied
from daemon.recommend.blend.verdict import verdicts
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.family import Family, Part, Suggestion
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import allowed, due

CANDIDATES = 150  # of each family
WISHED = 8.0  # what it adds, in the ranking's logits, that the time for an item to be played by has come
ENERGY, DIRECTION = "content.energy", 6.0  # the field, and what it adds where energy is to rise or fall
SHOWN_OF = 4  # so many times what is shown is looked through for variety


class Recommender:
    """Deterministic in the library, the session, the wishes and the seed. One thread at a time. [worker]"""

    def __init__(
        self, catalogue: Catalogue, families: Sequence[Family], ranking: Ranking, last_played: np.ndarray | None = None
    ) -> None:
        """Families of one name are switched as one. `last_played`: float64, seconds since 1970, NaN for never.

        Raises ModelError for a ranking that was fitted to other families.
        """
        self.catalogue, self.families, self._ranking = catalogue, list(families), ranking
        self.last_played = np.full(len(catalogue), np.nan) if last_played is None else last_played
        self._columns = [ranking.columns(family.name, family.fields) for family in families]

    def next(self, session: Session, wishes: Wishes, n: int) -> list[Suggestion]:
        """The `n` best, best first; fewer, or none, where the wishes leave no more (wishes.why_none says why)."""
        session = replace(session, wishes=wishes)
        mask = allowed(wishes, session, self.catalogue, self.last_played)
        for row, value in session.verdicts.items():
            if value < 0:
                mask[row] = 0
        on = [family for family in self.families if family.name in wishes.families]
        pressing = {one.row: one.part for one in due(wishes, session, self.catalogue) if mask[one.row]}
        rows = self._candidates(on, session, mask, np.array(list(pressing), np.int64), n)
        if not len(rows):
            return []
        fields = self._fields(on, session, rows)
        logits = self._ranking.score(fields)
        logits = logits + [WISHED * pressing[row].value if row in pressing else 0.0 for row in rows.tolist()]
        if wishes.energy != "hold" and ENERGY in self._ranking.fields:
            logits = logits + DIRECTION * fields[:, self._ranking.fields.index(ENERGY)]
        logits = logits + verdicts(self.catalogue, session, rows)
        best = np.lexsort((rows, -logits))[: SHOWN_OF * n]
        chosen = varied(self.catalogue, rows[best], logits[best], n)
        top = float(logits.max())
        return [self._suggestion(on, session, fields, rows, best[i], logits, top, pressing) for i in chosen]

    def learn(self, session: Session) -> None:
        """The session's newest play has happened."""
        if len(session.rows):
            self.last_played[session.rows[-1]] = session.at[-1] if len(session.at) else session.now
        for family in self.families:
            family.learn(session)

    def _candidates(
        self, on: Sequence[Family], session: Session, mask: np.ndarray, pressing: np.ndarray, n: int
    ) -> np.ndarray:
        """int64, sorted: each family's, what must be played by a time, and the newest where that is not enough."""
        found = [family.candidates(session, mask, CANDIDATES) for family in on]
        rows = np.unique(np.concatenate([*found, pressing]).astype(np.int64))
        if len(rows) < n:
            rest = np.setdiff1d(np.flatnonzero(mask), rows)
            newest = np.array([self.catalogue.items[row].added for row in rest])
            rows = np.union1d(rows, rest[np.lexsort((rest, -newest))[: n - len(rows)]])
        return rows

    def _fields(self, on: Sequence[Family], session: Session, rows: np.ndarray) -> np.ndarray:
        """The ranking's columns; 0 for families that are off."""
        fields = np.zeros((len(rows), len(self._ranking.fields)), np.float32)
        for family, columns in zip(self.families, self._columns, strict=True):
            if family in on:
                fields[:, columns] = family.scores(session, rows)
        return fields

    def _suggestion(
        self,
        on: Sequence[Family],
        session: Session,
        fields: np.ndarray,
        rows: np.ndarray,
        index: int,
        logits: np.ndarray,
        top: float,
        pressing: Mapping[int, Part],
    ) -> Suggestion:
        row = int(rows[index])
        parts = tuple(part for family in on for part in family.parts(session, row))
        if row in pressing:
            parts = (pressing[row], *parts)
        return Suggestion(row, float(np.exp(logits[index] - top)), parts, self._most_for_it(on, fields, index))

    def _most_for_it(self, on: Sequence[Family], fields: np.ndarray, index: int) -> str:
        """The family without which it would lose most against the mean candidate."""
        lost: dict[str, float] = {}
        for name in dict.fromkeys(family.name for family in on):
            without = fields.copy()
            for family, columns in zip(self.families, self._columns, strict=True):
                if family.name == name:
                    without[:, columns] = 0
            here, there = self._ranking.score(fields), self._ranking.score(without)
            lost[name] = float((here[index] - here.mean()) - (there[index] - there.mean()))
        return max(lost, key=lambda name: lost[name]) if lost else ""
