"""A store on a server, with the exact one beside it, which answers while the server does not."""

import threading
import time
from collections.abc import Callable

import numpy as np

from daemon.recommend.vectors.store import VectorError, Vectors, check, check_ids, check_query

AGAIN_S = 30.0  # from a failure to the next try


class Meanwhile:
    """A `daemon.recommend.vectors.store.Vectors`. What is put and removed goes to both.

    What was written while the server was away is written there when it is back: ids and vectors are kept here till then.
    A failure costs one search the client's timeout; those of the next AGAIN_S are answered at once.
    """

    def __init__(self, connect: Callable[[], Vectors], local: Vectors, say: Callable[[str], None]) -> None:
        self.width, self._connect, self._local, self._say = local.width, connect, local, say
        self._server: Vectors | None = None
        self._again_at, self._is_away = 0.0, False
        self._owed: dict[int, np.ndarray | None] = {}  # id -> vector, or None where it is to be removed
        self._lock = threading.Lock()  # held by the one that connects and pays what is owed
        self._reached()

    def put(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        ids, matrix = check(ids, matrix, self.width)
        self._local.put(ids, matrix)
        self._owed.update(zip(ids.tolist(), matrix, strict=True))
        self._reached()

    def remove(self, ids: np.ndarray) -> None:
        ids = check_ids(ids)
        self._local.remove(ids)
        self._owed.update(dict.fromkeys(ids.tolist()))
        self._reached()

    def search(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        query = check_query(query, self.width)
        server = self._reached()
        if server is not None:
            try:
                return server.search(query, k, allowed)
            except VectorError as error:
                self._away(error)
        return self._local.search(query, k, allowed)

    def __len__(self) -> int:
        server = self._reached()
        if server is not None:
            try:
                return len(server)
            except VectorError as error:
                self._away(error)
        return len(self._local)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._local.close()

    def _reached(self) -> Vectors | None:
        """The server with all that is owed to it, or None."""
        server = self._server
        if server is not None and not self._owed:
            return server
        with self._lock:
            if time.monotonic() < self._again_at:
                return None
            server = self._server
            try:
                if server is None:
                    server = self._server = self._connect()
                self._pay(server)
            except VectorError as error:
                self._away(error)
            else:
                if self._is_away:
                    self._say("vectors: the server is back")
                self._is_away = False
            return self._server

    def _pay(self, server: Vectors) -> None:
        owed = dict(self._owed)
        if gone := [number for number, vector in owed.items() if vector is None]:
            server.remove(np.array(gone, np.int64))
        if come := {number: vector for number, vector in owed.items() if vector is not None}:
            server.put(np.array(list(come), np.int64), np.stack(list(come.values())))
        for number, vector in owed.items():
            if self._owed.get(number) is vector:
                self._owed.pop(number, None)

    def _away(self, error: VectorError) -> None:
        server, self._server = self._server, None
        self._again_at = time.monotonic() + AGAIN_S
        if server is not None:
            server.close()
        if not self._is_away:
            self._say(f"vectors: {error}; those on this machine answer meanwhile")
        self._is_away = True
