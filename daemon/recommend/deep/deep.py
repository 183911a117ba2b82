"""The deep family: what the session network looks for next, among what items sound like and have been played after."""

import sys
from collections import OrderedDict

import numpy as np

from daemon.models.opening import Opened, open_model
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.deep.model import SIZE, Network, Told
from daemon.recommend.family import Part
from daemon.recommend.session import Session
from daemon.recommend.vectors.store import opened

SAMPLE = 1000  # items that say what a score is worth
SPREAD = 8.0  # standard deviations above the mean that make a score of 1
KEPT = 64  # sessions' states, so that a longer session costs one step


class Deep:
    """A Family (daemon.recommend.family) of one network. [worker]"""

    name = "deep"
    fields = ("network", "network_own")

    def __init__(self, catalogue: Catalogue, network: Network, vectors: str = "exact") -> None:
        """`vectors`: the store, as `daemon.recommend.vectors.store.opened` takes it. 20 us an item. Raises VectorError."""
        self._network = network
        self.vectors = network.vectors(catalogue)
        self._known = network.knows(catalogue).astype(np.float32)
        self._near = opened(vectors, network.name, SIZE + 2, say=lambda line: print(f"jamd: {line}", file=sys.stderr))
        if len(catalogue):
            self._near.put(np.arange(len(catalogue)), level(self.vectors))
        sample = np.random.default_rng(0).permutation(len(catalogue))[:SAMPLE]
        self._sample = self.vectors[np.sort(sample)]
        self._scaled: tuple[Told, float, float] | None = None
        self._told: OrderedDict[bytes, Told] = OrderedDict()

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """As a Family's."""
        if not len(session.rows):
            return np.empty(0, np.int64)
        query = np.append(self._listen(session).query, np.float32(0))
        rows, _ = self._near.search(query, k, allowed)
        return rows

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """As a Family's: how far above the catalogue's mean, and the same for items the network has seen played."""
        out = np.zeros((len(rows), 2), np.float32)
        if len(session.rows):
            told = self._listen(session)
            if self._scaled is None or self._scaled[0] is not told:
                among = self._sample @ told.query
                self._scaled = (told, float(among.mean()), float(among.std()) + 1e-6)
            _, mean, spread = self._scaled
            above = (self.vectors[rows] @ told.query - mean) / spread
            out[:, 0] = np.clip(above / SPREAD, 0, 1)
            out[:, 1] = out[:, 0] * self._known[rows]
        return out

    def parts(self, session: Session, row: int) -> tuple[Part, ...]:
        """As a Family's."""
        value = float(self.scores(session, np.array([row]))[0, 0])
        if not value:
            return ()
        if self._known[row]:
            how = "as sets went before"
        else:
            how = "by its sound and name; never seen played" if self._known.any() else "by their sound"
        return (Part("network", value, f"the network expects it after these {len(session.rows)}, {how}"),)

    def learn(self, session: Session) -> None:
        """The network does not change; its state follows the session by itself."""

    def _listen(self, session: Session) -> Told:
        """The state after the session, from the longest beginning of it that was told before."""
        rows = np.ascontiguousarray(session.rows, np.int64)
        told, n = self._network.start(), 0
        for length in range(len(rows), 0, -1):
            kept = self._told.get(rows[:length].tobytes())
            if kept is not None:
                told, n = kept, length
                break
        for length in range(n, len(rows)):
            told = self._network.step(told, self.vectors[rows[length]])
            self._told[rows[: length + 1].tobytes()] = told
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        return told


def open_deep(catalogue: Catalogue, model: Opened | None = None, vectors: str = "exact") -> Deep:
    """The family of a model, by default the shelf's. Raises ModelError, VectorError."""
    return Deep(catalogue, Network(model or open_model("next")), vectors)


def level(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors, one number longer: inner products with any query keep their order (Bachrach et al. 2014)."""
    norms = np.linalg.norm(vectors, axis=1)
    longest = max(float(norms.max(initial=0.0)), 1e-6)
    filled = np.sqrt(np.maximum(longest**2 - norms**2, 0))
    return np.column_stack([vectors, filled]) / np.float32(longest)
