"""The three families as one recommender: their candidates, one ranking, what the DJ wants and said, and some variety."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from daemon.recommend.blend.ranking import Ranking, views
from daemon.recommend.blend.variety import varied
from daemon.recommend.blend.verdict import verdicts
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.family import Family, Part, Suggestion
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import allowed, due

TOLD_FIRST = ("tempo", "key")
CANDIDATES = 150  # of each family
WISHED = 1.0  # how far above all others, in the ranking's logits, what must be played now is put
MIXED = {"content.tempo": 2.0, "content.key": 1.5}
"""What can be mixed with what plays comes first: added to the ranking's logits, which are fitted to sets of which few are
known to be beat-matched, and none by tempo and key.
"""
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
        if not len(rows) or n <= 0:
            return []
        fields = self._fields(on, session, rows)
        seen = views(fields)
        logits = self._ranking.of_views(seen)
        for name, weight in MIXED.items():
            if name in self._ranking.fields:
                logits = logits + weight * fields[:, self._ranking.fields.index(name)]
        if wishes.energy != "hold" and ENERGY in self._ranking.fields:
            logits = logits + DIRECTION * fields[:, self._ranking.fields.index(ENERGY)]
        logits = logits + verdicts(self.catalogue, session, rows)
        first = float(np.ptp(logits)) + WISHED
        logits = logits + [first * pressing[row].value if row in pressing else 0.0 for row in rows.tolist()]
        best = np.lexsort((rows, -logits))[: SHOWN_OF * n]
        chosen = varied(self.catalogue, rows[best], logits[best], n)
        families = self._most_for(on, seen[best])
        suggestions = []
        for place in chosen:
            i = int(best[place])
            row = int(rows[i])
            parts = tuple(sorted((part for family in on for part in family.parts(session, row)), key=_told))
            if row in pressing:
                parts = (pressing[row], *parts)
            suggestions.append(Suggestion(row, float(np.exp(logits[i] - logits.max())), parts, families[place]))
        return suggestions

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
            rows = np.union1d(rows, rest[len(rest) - min(len(rest), n - len(rows)) :])
        return rows

    def _fields(self, on: Sequence[Family], session: Session, rows: np.ndarray) -> np.ndarray:
        """The ranking's columns; 0 for families that are off."""
        fields = np.zeros((len(rows), len(self._ranking.fields)), np.float32)
        for family, columns in zip(self.families, self._columns, strict=True):
            if family in on:
                fields[:, columns] = family.scores(session, rows)
        return fields

    def _most_for(self, on: Sequence[Family], seen: np.ndarray) -> list[str]:
        """For each of the best candidates the family without which it would lose most against the others."""
        names = list(dict.fromkeys(family.name for family in on))
        here = self._ranking.of_views(seen)
        lost = np.zeros((max(len(names), 1), len(seen)), np.float32)
        for i, name in enumerate(names):
            without = seen.copy()
            for family, columns in zip(self.families, self._columns, strict=True):
                if family.name == name:
                    without.reshape(len(seen), 3, -1)[:, :, columns] = 0
            there = self._ranking.of_views(without)
            lost[i] = (here - here.mean()) - (there - there.mean())
        return [names[i] if names else "" for i in lost.argmax(0)]


def _told(part: Part) -> tuple[int, float]:
    """Tempo and key first, then the strongest."""
    return (TOLD_FIRST.index(part.name) if part.name in TOLD_FIRST else len(TOLD_FIRST), -part.value)
