"""A recommender opened: the library's own models where it has some, else those that jamd comes with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.recommend.blend.blend import Recommender
from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.artists import Artists
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.history import History
from daemon.recommend.content.content import Content
from daemon.recommend.family import Family
from daemon.trained import ModelError

SHIPPED = Path(__file__).parent.parent / "models"


def own(library: Path) -> Path:
    """Where `jamd train recommender LIBRARY` puts what it learns: beside the library."""
    return library.with_suffix(".models")


def recommender(
    catalogue: Catalogue,
    history: History,
    last_played: np.ndarray | None = None,
    models: Path = SHIPPED,
    wanted: Sequence[str] = ("content", "collaborative", "deep"),
) -> tuple[Recommender, str]:
    """The families `wanted` and their ranking; and, where the network cannot be used, why, else "".

    Raises ModelError where jamd's own ranking is damaged.
    """
    why = ""
    families: list[Family] = [Content(catalogue), Collaborative(catalogue, history), Artists(catalogue, history)]
    if "deep" in wanted:
        try:
            from daemon.recommend.deep.deep import open_deep

            families.append(open_deep(catalogue, models if (models / "step.onnx").exists() else SHIPPED))
        except ModelError as error:
            why = str(error)
    weights = models / "blend.npz"
    ranking = Ranking(weights if weights.exists() else SHIPPED / "blend.npz")
    return Recommender(catalogue, [family for family in families if family.name in wanted], ranking, last_played), why
