"""What recommends, made of a library: its items, all that was ever played of them, and the models."""

import numpy as np

from daemon.models.opening import Opened
from daemon.recommend.blend import opening
from daemon.recommend.blend.blend import Recommender
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.history import History
from daemon.recommend.library.store import Library
from daemon.recommend.session import Session, Wishes


def recommender(
    library: Library,
    catalogue: Catalogue,
    running: int,
    families: tuple[str, ...],
    model: Opened | None = None,
) -> tuple[Recommender, str]:
    """The families together; and what of them cannot be used, and why, else "". Raises ModelError.

    `running`: the set that goes on, whose plays are still to be learnt; `model`: the network, by default opening.network's.
    It has answered before, so that nothing has to be compiled while somebody waits. [worker]
    """
    past, last = history(library, catalogue, running), library.history.last_played(catalogue.ids)
    models = opening.own(library.path)
    models = models if models.is_dir() else opening.SHIPPED
    made, lacks = opening.recommender(catalogue, past, last, models, families, model)
    for rows in ([], [0], [0, 1]):
        if len(rows) < len(catalogue):
            at = np.arange(len(rows), dtype=np.float64)
            made.next(Session(rows=np.array(rows, np.int64), at=at, now=float(len(rows))), Wishes(), 1)
    return made, lacks


def history(library: Library, catalogue: Catalogue, running: int = 0) -> History:
    """Every set but the one that goes on, whose plays `learn` brings; items that are gone are left out. [worker]"""
    rows, offsets, starts, djs = list[int](), [0], list[float](), list[str]()
    known = catalogue.rows
    for one in library.history.sets():
        played = [known[play.item_id] for play in one.plays if play.item_id in known]
        if one.id == running or not played:
            continue
        rows += played
        offsets.append(len(rows))
        starts.append(one.started or 0.0)
        djs.append(one.dj)
    return History(len(catalogue), np.array(offsets, np.int64), np.array(rows, np.int32), np.array(starts), djs)
