"""The session network from files: items to vectors, and one step for each item that was played.

Beside the graphs lies, where the network was trained on a library's own history, `own.npz`: what it has learned of single
items, by `keys_of`.
"""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.models.card import ModelError
from daemon.models.opening import Opened
from daemon.recommend.catalogue import Catalogue, folded
from daemon.recommend.deep.features import MAX_POSITION, numbers, words

SIZE = 96
HIDDEN = 128
BATCH = 4096  # items at a time


class Told(NamedTuple):
    """What a session has come to."""

    query: np.ndarray  # (SIZE + 1,): its inner product with an item's vector is that item's score
    state: np.ndarray  # (1, 1, HIDDEN)
    played: int


class Network:
    """The two graphs. [worker]"""

    def __init__(self, model: Opened) -> None:
        """Raises ModelError for an `own.npz` that is damaged or another's."""
        self._items, self._step = model.graphs["items"], model.graphs["step"]
        self._own = _own(model.folder / "own.npz")
        files = sorted((name, file.sha256) for name, file in model.card.files.items())
        self.name = hashlib.blake2b(repr((model.name, files)).encode(), digest_size=8).hexdigest()
        """Of these very weights."""

    def vectors(self, catalogue: Catalogue) -> np.ndarray:
        """float32 (n, SIZE + 1); the last number is how much an item is played at all. 10 us an item."""
        sound, called = numbers(catalogue), words(catalogue)
        own = self._own_of(catalogue)
        parts = [
            self._items.run(None, {"numbers": sound[a:b], "tokens": called[a:b], "own": own[a:b]})[0]
            for a in range(0, len(catalogue), BATCH)
            for b in (a + BATCH,)
        ]
        return np.concatenate(parts) if parts else np.empty((0, SIZE + 1), np.float32)

    def knows(self, catalogue: Catalogue) -> np.ndarray:
        """bool, one a row: the network has seen this very item played."""
        return self._found(catalogue) >= 0

    def start(self) -> Told:
        """Before anything was played."""
        return Told(np.zeros(SIZE + 1, np.float32), np.zeros((1, 1, HIDDEN), np.float32), 0)

    def step(self, told: Told, vector: np.ndarray) -> Told:
        """An item was played; `vector` is its row of `vectors`."""
        position = np.array([min(told.played, MAX_POSITION - 1)], np.int64)
        query, state = self._step.run(None, {"item": vector[None, None], "position": position, "state": told.state})
        return Told(query[0, 0], state, told.played + 1)

    def _found(self, catalogue: Catalogue) -> np.ndarray:
        keys, _ = self._own
        if not len(keys):
            return np.full(len(catalogue), -1)
        wanted = keys_of(catalogue)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    def _own_of(self, catalogue: Catalogue) -> np.ndarray:
        own = np.zeros((len(catalogue), SIZE + 1), np.float32)
        found = self._found(catalogue)
        own[found >= 0] = self._own[1][found[found >= 0]]
        return own


def keys_of(catalogue: Catalogue) -> np.ndarray:
    """uint64, one an item: of its artist and title, or its path where it has no title. They hold in every library."""
    names = (f"{folded(item.artist)}|{folded(item.title)}" if item.title else item.path for item in catalogue.items)
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8")


def _own(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Sorted keys uint64 (n,), vectors float32 (n, SIZE + 1)."""
    if not path.exists():
        return np.empty(0, np.uint64), np.empty((0, SIZE + 1), np.float32)
    try:
        with path.open("rb") as whole, np.load(whole) as file:
            keys, vectors = file["keys"], file["vectors"].astype(np.float32)
    except Exception as error:
        raise ModelError(f"{path}: not what a network has learned ({str(error)[:80]}); train it anew") from None
    if keys.dtype != np.uint64 or vectors.shape != (len(keys), SIZE + 1):
        raise ModelError(f"{path}: vectors of {vectors.shape}, wanted are ({len(keys)}, {SIZE + 1}); train it anew")
    return keys, vectors
