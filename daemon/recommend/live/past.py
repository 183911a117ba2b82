"""The library's sets as a history that recommenders walk."""

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.history import History
from daemon.recommend.library.store import Library


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
