"""A recommender opened: the library's own models where it has some, else those that jamd comes with."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.models import shelf, writing
from daemon.models.card import CARD, ModelError
from daemon.models.opening import Opened, open_folder, open_model
from daemon.recommend.blend.blend import Recommender
from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.artists import Artists
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.history import History
from daemon.recommend.content.content import Content
from daemon.recommend.family import Family

LIBRARY = "library"  # the name of what was learnt from it
SHIPPED = shelf.SHIPPED["next"]


def own(library: Path) -> Path:
    """Where `jamd train recommender LIBRARY` puts what it learns: beside the library."""
    return library.with_suffix(".models")


def network(models: Path, name: str = "") -> Opened:
    """The session network: `name`, else what is chosen for "next", else the library's own in `models`, else jamd's.

    Raises ModelError.
    """
    name = name or shelf.preferred("next")
    if name not in ("", shelf.OWN) or not (models / "step.onnx").exists() or models == SHIPPED:
        return open_model("next", name)
    if not (models / CARD).exists():  # learnt by an earlier jamd
        with contextlib.suppress(OSError):
            writing.write(writing.library(models, models.stem), models)
    return open_folder("next", models, LIBRARY)


def recommender(
    catalogue: Catalogue,
    history: History,
    last_played: np.ndarray | None = None,
    models: Path = SHIPPED,
    wanted: Sequence[str] = ("content", "collaborative", "deep"),
    model: Opened | None = None,
) -> tuple[Recommender, str]:
    """The families `wanted` and their ranking; and, where the network or the library's ranking cannot be used, why, else "".

    `model`: the network, by default that of `network`. Raises ModelError where jamd's own ranking is damaged.
    """
    lacks: list[str] = []
    families: list[Family] = [Content(catalogue), Collaborative(catalogue, history), Artists(catalogue, history)]
    if "deep" in wanted:
        try:
            from daemon.recommend.deep.deep import open_deep

            families.append(open_deep(catalogue, model or network(models)))
        except ModelError as error:
            lacks.append(str(error))
    some = [family for family in families if family.name in wanted]
    weights = models / "blend.npz"
    if models != SHIPPED and weights.exists():
        try:
            return Recommender(catalogue, some, Ranking(weights), last_played), "; ".join(lacks)
        except ModelError as error:  # damaged, or another jamd's: that is no reason to suggest nothing
            lacks.append(f"{error} (until then jamd's own ranking serves)")
    return Recommender(catalogue, some, Ranking(SHIPPED / "blend.npz"), last_played), "; ".join(lacks)
