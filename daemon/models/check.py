"""A model is checked whenever it is loaded: its card, every file's hash, its graphs' shapes, and one step of each graph.

What does not pass is refused with a ModelError that says why and what to do. The largest of jamd's takes about 0.1 s of a
core, a third of that for hashing, once for each start.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from daemon import trained
from daemon.models import card as cards
from daemon.models.card import Card, ModelError
from daemon.models.contract import TASKS, Graph, Tensor, completed

OPEN = 2  # what an open size is in the warm-up


def checked(task: str, folder: Path) -> tuple[Card, dict[str, Any]]:
    """The card of the model in `folder`, and its graphs as sessions, each run once. Raises ModelError. [worker]"""
    card = cards.read(folder)
    if card.task != task:
        raise ModelError(f"{folder}: its task is {card.task}, and not {task}; give a model of {task}")
    files(card, folder)
    paths = {name: folder / graph.file for name, graph in card.graphs.items()}
    sessions = trained.loaded(task, paths)
    for name, graph in TASKS[task].items():
        warm(sessions[name], completed(graph, cards.tensors(card.graphs[name].inputs)), paths[name])
    return card, sessions


def files(card: Card, folder: Path) -> None:
    """Whether every file is there, whole and unchanged. Raises ModelError."""
    for name, file in card.files.items():
        path = folder / name
        try:
            size = path.stat().st_size
            if size != file.bytes:
                raise ModelError(f"{path}: {size} bytes, its card says {file.bytes}; get the model anew")
            if cards.sha256(path) != file.sha256:
                raise ModelError(f"{path}: its hash is not its card's: it was changed or damaged; get the model anew")
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; get the model anew") from None


def warm(session: Any, graph: Graph, path: Path) -> None:
    """Run a graph on zeros and on ones; what is not finite, or does not run, is refused. Raises ModelError."""
    for value in (0, 1):
        feed = {name: np.full(_sizes(one), value, one.type) for name, one in graph.inputs.items()}
        try:
            found = session.run(None, feed)
        except Exception as error:
            said = " ".join(str(error).split())[:80]
            raise ModelError(f"{path}: it does not run ({said}); train it anew") from None
        _look(graph, found, path)


def _look(graph: Graph, found: list[Any], path: Path) -> None:
    """Raises ModelError."""
    for (name, one), made in zip(graph.outputs.items(), found, strict=True):
        wanted = _sizes(one)
        if list(made.shape) != wanted:
            raise ModelError(f"{path}: {name} came out as {list(made.shape)}, wanted is {wanted}; train it anew")
        if not math.isfinite(float(np.abs(made).max(initial=0.0))):
            raise ModelError(f"{path}: {name} is not finite: its weights are damaged; train it anew")


def _sizes(one: Tensor) -> list[int]:
    return [OPEN if isinstance(size, str) else size for size in one.shape]
