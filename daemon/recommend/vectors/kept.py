"""Vectors in the library's SQLite file, in its table `vectors`: what the exact store reads when it opens."""

import contextlib
import sqlite3
from collections.abc import Iterator

import numpy as np

from daemon.recommend.vectors.store import VectorError

WAIT_S = 10.0  # for another process that writes


def load(library: str, model: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids in order, and their float32 (n, width), of this model alone. Raises VectorError. [worker]"""
    with _opened(library) as connection:
        (n,) = connection.execute("SELECT count(*) FROM vectors WHERE model = ?", (model,)).fetchone()
        ids, matrix = np.empty(n, np.int64), np.empty((n, width), np.float32)
        rows = connection.execute("SELECT item_id, vector FROM vectors WHERE model = ? ORDER BY item_id", (model,))
        for k, (number, blob) in enumerate(rows):
            if len(blob) != 4 * width:
                raise VectorError(f"{library}: item {number} has a vector of {len(blob)} bytes, not {4 * width}")
            ids[k], matrix[k] = number, np.frombuffer(blob, "<f4")
        return ids, matrix


def save(library: str, model: str, ids: np.ndarray, matrix: np.ndarray) -> None:
    """All or none. Raises VectorError, also for an id that is no item of the library. [worker]"""
    rows = zip(ids.tolist(), matrix.astype("<f4"), strict=True)
    with _opened(library) as connection, connection:
        connection.executemany(
            "INSERT OR REPLACE INTO vectors (model, item_id, vector) VALUES (?, ?, ?)",
            ((model, number, row.tobytes()) for number, row in rows),
        )


def remove(library: str, model: str, ids: np.ndarray) -> None:
    """All or none. Raises VectorError. [worker]"""
    with _opened(library) as connection, connection:
        connection.executemany(
            "DELETE FROM vectors WHERE model = ? AND item_id = ?", ((model, number) for number in ids.tolist())
        )


@contextlib.contextmanager
def _opened(library: str) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(library, timeout=WAIT_S)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()
    except sqlite3.IntegrityError:
        raise VectorError(f"{library}: a vector of what is no item of this library: scan first") from None
    except sqlite3.Error as error:
        raise VectorError(f"{library}: its vectors cannot be reached: {error}") from None
