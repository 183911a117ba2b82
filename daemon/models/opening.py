"""A task's model, ready to be run: the one that the shelf says, or the one that is named; checked whole before.

A model that is asked elsewhere has a local one beside it, which answers where it is late or gone (daemon.models.remote).
"""

from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from daemon.models import check, shelf
from daemon.models.card import Card, ModelError
from daemon.models.contract import TASKS
from daemon.models.link import Model


class Runs(Protocol):
    """A graph that is run, as an onnxruntime.InferenceSession is."""

    def run(self, names: None, feed: Mapping[str, Any]) -> list[Any]:
        """Arrays by input, of the contract's shapes and types, to all outputs in the contract's order. [worker]"""


class News(NamedTuple):
    """What a model asked elsewhere says of itself; `state` as in messages.Model: remote or local."""

    state: str
    error: str = ""
    version: str = ""


class Deadline:
    """When what is under way must be done: CLOCK_MONOTONIC ns, 0: whenever. Set by who asks, read by who runs."""

    at_ns = 0


class Opened(NamedTuple):
    """A model that can be run. Its graphs are not for two threads at once."""

    name: str  # as it was asked for: a name of the shelf, or an address
    card: Card  # of the local one
    folder: Path  # of the local one, for what lies beside its graphs
    graphs: dict[str, Runs]
    news: "deque[News]"  # appended to when that changes; whoever publishes takes from it
    deadline: Deadline

    def said(self, task: str, news: News, asked: str = "") -> Model:
        """As the daemon is told; `asked` as in its Model."""
        return Model(task, self.name, news.state, news.error, news.version or self.card.version, asked)


def open_model(task: str, name: str = "") -> Opened:
    """A task's model: `name` of the shelf or an address (kserve+grpc://HOST:PORT/NAME); empty: the one that is chosen.

    Raises ModelError with the reason and the remedy. Takes about 0.1 s of a core. [worker]
    """
    name = task if name == shelf.OWN else name or shelf.chosen(task)
    if not shelf.is_remote(name):
        return open_folder(task, shelf.folder_of(task, name), name)
    from daemon.models import remote

    if any(graph.streams for graph in TASKS[task].values()):
        raise ModelError(
            f"{name}: {task} runs a hundred times a second, and so on this machine alone; name a model here"
        )
    beside = shelf.beside(task)
    local = open_folder(task, shelf.folder_of(task, beside), beside)
    graphs = remote.open_remote(task, name, local.graphs, TASKS[task], local.news, local.deadline)
    return local._replace(name=name, graphs=graphs)


def open_folder(task: str, folder: Path, name: str) -> Opened:
    """The model that lies in a folder, on the shelf or not. Raises ModelError. [worker]"""
    card, graphs = check.checked(task, folder)
    return Opened(name, card, folder, graphs, deque(maxlen=16), Deadline())
