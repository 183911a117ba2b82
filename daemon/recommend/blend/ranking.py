"""One ranking from all families' scores: a small network whose weights are fitted to what people played next.

Listwise (ListNet, Cao et al. 2007): among the candidates of one moment, the one that was played is to stand first. For
each score it sees the score, its logarithm and its place among the candidates, so it can trust a family's order where
the family's numbers mean little, and its numbers where they mean much.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.models.card import ModelError

PLACE = 10.0  # how fast a place loses worth
FLOOR = 1e-3  # scores below are as good as 0


def views(fields: np.ndarray) -> np.ndarray:
    """Scores (m, f) in 0..1 of the candidates of one moment -> float32 (m, 3 f), each 0..1."""
    order = np.argsort(-fields, axis=0, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(len(fields))[:, None], 0)
    ranked = np.where(fields > 0, PLACE / (PLACE + places), 0)
    logs = 1 - np.log(np.maximum(fields, FLOOR)) / np.log(FLOOR)
    return np.concatenate([fields, logs, ranked], 1).astype(np.float32)


class Ranking:
    """The fitted weights. Raises ModelError for a file that is missing or damaged. [worker]"""

    fields: list[str]
    """What `score` is given: "family.field" in the order of its columns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as whole, np.load(whole) as file:
                self._weights = [file[name].astype(np.float32) for name in ("scale", "w1", "b1", "w2")]
                self.fields = [str(name) for name in file["fields"]]
        except Exception as error:
            raise ModelError(f"{path}: not a ranking that can be read ({str(error)[:80]}); train it anew") from None
        scale, w1, b1, w2 = self._weights
        width = 3 * len(self.fields)
        if scale.shape != (width,) or b1.ndim != 1 or w1.shape != (width, len(b1)) or w2.shape != (len(b1) + width,):
            raise ModelError(f"{path}: its weights are not of one size; train it anew")
        if not all(np.isfinite(weights).all() for weights in self._weights):
            raise ModelError(f"{path}: its weights are not numbers; train it anew")

    def columns(self, family: str, fields: Sequence[str]) -> np.ndarray:
        """Where a family's fields stand, int64. Raises ModelError for one that it was not fitted to."""
        names = [f"{family}.{field}" for field in fields]
        strange = sorted(set(names) - set(self.fields))
        if strange:
            raise ModelError(f"{self._path}: not fitted to {', '.join(strange)}; train it anew")
        return np.array([self.fields.index(name) for name in names], np.int64)

    def score(self, fields: np.ndarray) -> np.ndarray:
        """(m, f) -> float32 (m,): logits; only their differences mean something."""
        return self.of_views(views(fields))

    def of_views(self, seen: np.ndarray) -> np.ndarray:
        """The same of `views`: a family that is off has 0 in its columns."""
        scale, w1, b1, w2 = self._weights
        seen, hidden = seen * scale, len(b1)
        return np.tanh(seen @ w1 + b1) @ w2[:hidden] + seen @ w2[hidden:]
