"""What a store of vectors is, what it refuses, and how one is chosen by a line of config.

Conventions: a vector is float32 of the store's width, of any length above 0; it is kept as a unit vector, so that a score
is the cosine, -1..1. Ids are whole numbers from 0: a catalogue's rows, or a library's ids. A store belongs to one model,
named by a hash of its weights: vectors of another are never mixed with its own.
"""

import re
from collections.abc import Callable
from typing import Protocol

import numpy as np

from daemon import registry
from daemon.errors import UserError

WIDEST = 4096
"""Numbers a vector may have: the sums of the exact store's kernel fit 32 bits up to there."""


class VectorError(UserError):
    """Vectors that cannot be kept or looked for, or a store that does not answer."""


class Vectors(Protocol):
    """One model's vectors by id. One thread writes, any may search meanwhile."""

    width: int

    def put(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        """Keep (len(ids), width) under the ids; what was there under them goes. Many at once are cheap. [worker]

        Raises VectorError; then nothing has changed.
        """

    def remove(self, ids: np.ndarray) -> None:
        """Forget these; an id that is not there is none too many. Raises VectorError. [worker]"""

    def search(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The at most `k` ids (int64) nearest the query and their scores (float32), best first, equal ones by id.

        `allowed`: uint8, one an id; only ids within it whose entry is not 0 are found. Raises VectorError. [any]
        """

    def __len__(self) -> int:
        """How many vectors there are. [any]"""

    def close(self) -> None:
        """Let go of files and connections. [worker]"""


def opened(choice: str, model: str, width: int, library: str = "", say: Callable[[str], None] = print) -> Vectors:
    """The store that a line of config names, holding what it has of this model. [worker]

    `choice`: "exact", "qdrant:http://HOST:6333" or "qdrant:FOLDER". `library`: the SQLite file that keeps the vectors;
    without one they are gone with the process. Where a server is chosen the exact store goes along and answers while the
    server does not; `say` gets one line each time that changes. Raises VectorError for a choice there is not.
    """
    name, _, place = choice.partition(":")
    if name not in registry.VECTORS or bool(place) != (name != "exact"):
        raise VectorError(f"vectors = {choice!r}: choose exact, qdrant:http://HOST:6333 or qdrant:FOLDER")
    exact = registry.made(registry.VECTORS["exact"], model, width, library)
    if name == "exact":
        return exact
    from daemon.recommend.vectors.meanwhile import Meanwhile

    return Meanwhile(lambda: registry.made(registry.VECTORS[name], model, width, place), exact, say)


def check_model(model: str, width: int) -> None:
    """Raise VectorError unless these can name and size a store."""
    if not re.fullmatch(r"[0-9A-Za-z_.-]{1,64}", model):
        raise VectorError(f"a model is named by its hash, 1 to 64 letters and digits, not {model!r}")
    if not 1 <= width <= WIDEST:
        raise VectorError(f"vectors of {width} numbers: 1 to {WIDEST} go")


def check_ids(ids: np.ndarray) -> np.ndarray:
    """The ids as int64 (n,). Raises VectorError."""
    ids = np.asarray(ids)
    if ids.ndim != 1 or (len(ids) and (ids.dtype.kind not in "iu" or ids.min() < 0)):
        raise VectorError("ids are whole numbers from 0 in one row")
    return ids.astype(np.int64)


def check(ids: np.ndarray, matrix: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids (n,) and unit vectors (n, width), float32, in the ids' order. Raises VectorError."""
    ids, matrix = check_ids(ids), np.asarray(matrix, np.float32)
    if matrix.shape != (len(ids), width):
        raise VectorError(f"vectors of shape {matrix.shape} for {len(ids)} ids: this store's have {width} numbers each")
    order = np.argsort(ids, kind="stable")
    ids, matrix = ids[order], matrix[order]
    if np.any(ids[1:] == ids[:-1]):
        raise VectorError(f"id {ids[:-1][ids[1:] == ids[:-1]][0]} comes twice: give each once")
    lengths = _lengths(matrix)
    bad = ~(np.isfinite(lengths) & (lengths > 0))
    if bad.any():
        raise VectorError(f"the vector of id {ids[bad][0]} has no direction (NaN, infinite or zero): leave it out")
    return ids, matrix / lengths[:, None]


def check_query(query: np.ndarray, width: int) -> np.ndarray:
    """The query as a unit vector (width,), float32. Raises VectorError."""
    query = np.asarray(query, np.float32)
    if query.shape != (width,):
        raise VectorError(f"a query of shape {query.shape}: this store's vectors have {width} numbers")
    length = _lengths(query[None])[0]
    if not (np.isfinite(length) and length > 0):
        raise VectorError("the query has no direction (NaN, infinite or zero)")
    return query / length


def _lengths(matrix: np.ndarray) -> np.ndarray:
    """float32 (n,); of a vector whose squares are too large or too small for float32, 0 or infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
