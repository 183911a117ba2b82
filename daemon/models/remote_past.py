"""Sends no more of a phrase's past than there is: empty places weigh nothing (their mask is very low), and come last.

The past is 1.3 MB in 256 places, sent anew with each note, for the server keeps nothing; the first 16 notes are 82 KB.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from daemon.models.contract import OPEN_SIZES, Graph

MASK = "mask"
STEP = 16  # places more at a time, for a server may prepare itself for each size anew
_EMPTY = np.float32(-1e6)


def axes(graph: Graph) -> dict[str, int]:
    """Which of a graph's inputs hold the past, and along which axis; nothing for a graph without."""
    if MASK not in graph.inputs:
        return {}
    size = OPEN_SIZES["past"]
    return {name: one.shape.index(size) for name, one in graph.inputs.items() if size in one.shape}


def cut(feed: Mapping[str, Any], along: Mapping[str, int]) -> dict[str, Any]:
    """A feed without the places after the last that is filled."""
    filled = np.flatnonzero(feed[MASK] > _EMPTY)
    places = -(-(int(filled[-1]) + 1 if len(filled) else 1) // STEP) * STEP
    return {
        name: values[(slice(None),) * along[name] + (slice(0, places),)] if name in along else values
        for name, values in feed.items()
    }
