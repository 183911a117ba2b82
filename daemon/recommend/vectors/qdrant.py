"""Vectors in Qdrant: a server or cluster that many booths share, or a folder on this machine, by the same client.

The embedded one (a folder, or ":memory:") is the client's own, in NumPy: for trying, and for less than 20,000 vectors. A
cluster that asks for a key finds it in QDRANT_API_KEY. The package comes with jamd's extra `qdrant`.
"""

import os
from typing import Any

import numpy as np

from daemon.recommend.vectors.store import VectorError, check, check_ids, check_model, check_query

TIMEOUT_S = 2  # what is later is of no use to a DJ; the exact store answers meanwhile
BATCH = 1000
FEW = 1000  # ids that are named to the server; more are asked for and left out here


class Qdrant:
    """A `daemon.recommend.vectors.store.Vectors`: a collection `jamd-MODEL` for each model."""

    def __init__(self, model: str, width: int, place: str) -> None:
        """`place`: http://HOST:PORT, a folder or ":memory:". Raises VectorError. [worker]"""
        check_model(model, width)
        try:
            import qdrant_client
        except ImportError:
            raise VectorError("Qdrant's client is not installed: pip install 'jamd[qdrant]'") from None
        self.width, self._place, self._name = width, place, f"jamd-{model}"
        self._models = qdrant_client.models
        with _Reached(place):
            if place.startswith(("http://", "https://")):
                key = os.environ.get("QDRANT_API_KEY")
                self._client = qdrant_client.QdrantClient(
                    url=place, api_key=key, timeout=TIMEOUT_S, check_compatibility=False
                )
            elif place == ":memory:":
                self._client = qdrant_client.QdrantClient(location=place)
            else:
                self._client = qdrant_client.QdrantClient(path=place)
            self._open()

    def _open(self) -> None:
        if not self._client.collection_exists(self._name):
            # unit vectors: the inner product is the cosine, and nothing is normalised twice
            size = self._models.VectorParams(size=self.width, distance=self._models.Distance.DOT)
            self._client.create_collection(self._name, vectors_config=size)
        found: Any = self._client.get_collection(self._name).config.params.vectors
        if found.size != self.width:
            raise VectorError(f"{self._place}: {self._name} holds vectors of {found.size} numbers, not {self.width}")

    def put(self, ids: np.ndarray, matrix: np.ndarray) -> None:
        ids, matrix = check(ids, matrix, self.width)
        with _Reached(self._place):
            for start in range(0, len(ids), BATCH):
                part = slice(start, start + BATCH)
                points = self._models.Batch(ids=ids[part].tolist(), vectors=matrix[part].tolist())
                self._client.upsert(self._name, points, wait=True)

    def remove(self, ids: np.ndarray) -> None:
        ids = check_ids(ids)
        with _Reached(self._place):
            for start in range(0, len(ids), BATCH):
                gone = self._models.PointIdsList(points=ids[start : start + BATCH].tolist())
                self._client.delete(self._name, gone, wait=True)

    def search(self, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        query = check_query(query, self.width)
        only = None if allowed is None else np.flatnonzero(allowed)
        if k <= 0 or (only is not None and not len(only)):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        with _Reached(self._place):
            if only is not None and len(only) <= FEW:
                named = self._models.Filter(must=[self._models.HasIdCondition(has_id=[*map(int, only)])])
                return _ordered(*self._nearest(query, k, named), k)
            ask = k
            while True:
                ids, scores = self._nearest(query, ask, None)
                full = len(ids) == ask
                if allowed is not None:
                    may = np.zeros(len(ids), bool)
                    may[ids < len(allowed)] = np.asarray(allowed)[ids[ids < len(allowed)]] != 0
                    ids, scores = ids[may], scores[may]
                if len(ids) >= k or not full:
                    return _ordered(ids, scores, k)
                ask *= 4

    def _nearest(self, query: np.ndarray, k: int, only: Any) -> tuple[np.ndarray, np.ndarray]:
        points = self._client.query_points(
            self._name, query=query.tolist(), limit=k, query_filter=only, with_payload=False
        ).points
        ids, scores = [int(point.id) for point in points], [point.score for point in points]
        return np.array(ids, np.int64), np.array(scores, np.float32)

    def __len__(self) -> int:
        with _Reached(self._place):
            return self._client.count(self._name, exact=True).count

    def close(self) -> None:
        self._client.close()


class _Reached:
    """Whatever the client raises, of which there is no one class, as a VectorError of one line."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, VectorError):
            said = " ".join(str(error).split())[:120] or type(error).__name__
            raise VectorError(f"Qdrant at {self._place} does not answer ({said}): is it running there?") from None


def _ordered(ids: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    best = np.lexsort((ids, -scores))[:k]
    return ids[best], scores[best]
