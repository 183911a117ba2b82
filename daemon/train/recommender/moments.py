"""Moments of sessions: what could have been played next, as all families see it, and what was."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.models.opening import open_folder
from daemon.recommend.collaborative.artists import Artists
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.history import History
from daemon.recommend.content.content import Content
from daemon.recommend.deep.deep import open_deep
from daemon.recommend.family import Family
from daemon.recommend.session import Session
from daemon.train.recommender.sets import Sets, Sitting

CANDIDATES = 150  # of each family


class Moment(NamedTuple):
    """One next item."""

    rows: np.ndarray  # (m,): candidates
    fields: np.ndarray  # float32 (m, f)
    target: int  # a row of the catalogue


def history(sets: Sets, parts: Sequence[str]) -> History:
    """All that was played in `parts`."""
    sittings = [sitting for part in parts for sitting in sets.parts[part]]
    offsets = np.concatenate([[0], np.cumsum([len(sitting.rows) for sitting in sittings], dtype=np.int64)])
    rows = np.concatenate([sitting.rows for sitting in sittings]) if sittings else np.empty(0, np.int64)
    starts = np.array([sitting.at for sitting in sittings])
    return History(len(sets.catalogue), offsets, rows, starts, [sitting.dj for sitting in sittings])


def prefixes(sitting: Sitting) -> Iterator[tuple[Session, int]]:
    """Each beginning of a session, and what came next, where that was new in it."""
    at = sitting.at + 300.0 * np.arange(len(sitting.rows))
    for n in range(1, len(sitting.rows)):
        if sitting.rows[n] not in sitting.rows[:n]:
            yield Session(rows=sitting.rows[:n], at=at[:n], now=float(at[n]), dj=sitting.dj), int(sitting.rows[n])


def families(sets: Sets, learnt: Sequence[str], folder: Path | None) -> list[Family]:
    """All of them, with the sessions of `learnt` as their past; without `folder` no network."""
    past = history(sets, learnt)
    some: list[Family] = [Content(sets.catalogue), Collaborative(sets.catalogue, past), Artists(sets.catalogue, past)]
    if folder is not None:
        some.append(open_deep(sets.catalogue, open_folder("next", folder, sets.name)))
    return some


def moment(session: Session, target: int, families: Sequence[Family], n_items: int) -> Moment:
    """As the blend sees it: every family's candidates, scored by all."""
    allowed = np.ones(n_items, np.uint8)
    allowed[session.rows] = 0
    rows = np.unique(np.concatenate([family.candidates(session, allowed, CANDIDATES) for family in families]))
    return Moment(rows, np.concatenate([family.scores(session, rows) for family in families], 1), target)


def fields(families: Sequence[Family]) -> list[str]:
    """The columns of `Moment.fields`."""
    return [f"{family.name}.{name}" for family in families for name in family.fields]
