"""Other models for tests, made of jamd's own: the same graphs in fp32, with weights dulled, or with none that count."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from daemon.models import card as cards
from daemon.models import shelf, writing
from daemon.models.contract import TASKS

SPAN = 8192  # bytes of weights in the middle of a graph's file


def copied(task: str, to: Path, name: str) -> Path:
    """jamd's own model under another name, in the folder `to`/`name`."""
    folder = to / name
    shutil.copytree(shelf.SHIPPED[task], folder)
    renamed(folder, name=name, version="2")
    return folder


def renamed(folder: Path, **facts: object) -> None:
    """Other facts in its card; its files' hashes are those that the files have now."""
    card = cards.read(folder)
    graphs = {name: graph.file for name, graph in card.graphs.items()}
    others = [name for name in card.files if name not in graphs.values()]
    facts = {"about": card.about, "licence": card.licence, "name": card.name} | facts
    writing.write(writing.made(card.task, folder, graphs, others, **facts), folder)


def exact(task: str, to: Path, name: str) -> Path:
    """jamd's own in fp32: of "phrase" and "harmony"."""
    folder = copied(task, to, name)
    card = cards.read(folder)
    for graph in TASKS[task]:
        small = folder / card.graphs[graph].file
        shutil.copy(folder / small.name.replace(".int8", "").replace("_int8", ""), small)
    renamed(folder, name=name, version="2")
    return folder


def dulled(task: str, to: Path, name: str, byte: int = 0) -> Path:
    """In fp32, with SPAN bytes of weights set to `byte` in each graph: 0 is 0.0 and plays on, 0xFF is not a number."""
    folder = copied(task, to, name) if task == "next" else exact(task, to, name)
    card = cards.read(folder)
    for graph in TASKS[task]:
        spoilt(folder / card.graphs[graph].file, lambda data: _dulled(data, byte))
    renamed(folder, name=name, version="3")
    return folder


def spoilt(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Another content of a file."""
    path.write_bytes(change(path.read_bytes()))


def _dulled(data: bytes, byte: int) -> bytes:
    at = len(data) // 2
    span = min(SPAN, len(data) // 8)
    return data[:at] + bytes([byte]) * span + data[at + span :]


def tables(folder: Path) -> dict:
    """A card's values, to be changed and written again by `put`."""
    return msgspec.to_builtins(cards.read(folder))
