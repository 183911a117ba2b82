"""Writes a model's card where it is made: by training, when it exports."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from daemon.models import card as cards
from daemon.models import contract
from daemon.models.card import CARD, Card, Data, File, Graph, ModelError, Tensor
from daemon.models.contract import FORMAT, TASKS, completed


def made(task: str, folder: Path, graphs: Mapping[str, str], others: Sequence[str] = (), **facts: Any) -> Card:
    """A card of what lies in `folder`: `graphs` name -> file, and `others` beside them. `facts`: name, about, licence ..."""
    return Card(
        task=task,  # type: ignore[arg-type]
        version=facts.pop("version", "1"),
        format=FORMAT,
        files=_files(folder, [*graphs.values(), *others]),
        graphs={name: _graph(task, name, folder / file) for name, file in graphs.items()},
        **facts,
    )


def write(card: Card, folder: Path) -> None:
    """As `card.toml` in the model's folder."""
    (folder / CARD).write_text(text(card), encoding="utf-8")


def text(card: Card) -> str:
    """A card as TOML, short tables on one line each."""
    plain = msgspec.to_builtins(card)
    empty = {field.name for field in msgspec.structs.fields(Card) if not plain[field.name]}
    document = tomlkit.document()
    for key in ("name", "version", "task", "about", "licence", "format", "made_by", "weak"):
        if key not in empty:
            document[key] = plain[key]
    for key in ("data", "figures"):
        if key not in empty:
            rows = tomlkit.aot()
            for row in plain[key]:
                rows.append(tomlkit.item({name: value for name, value in row.items() if value != ""}))
            document[key] = rows
    document["files"] = _inline(plain["files"])
    if "graphs" not in empty:
        table = tomlkit.table(is_super_table=True)
        for name, graph in plain["graphs"].items():
            one = tomlkit.table()
            one["file"] = graph["file"]
            one["inputs"], one["outputs"] = _inline(graph["inputs"]), _inline(graph["outputs"])
            table[name] = one
        document["graphs"] = table
    return tomlkit.dumps(document)


def refresh(folder: Path, default: Card | None = None) -> None:
    """After an export: what the card in `folder` says of its files is brought up to date; without one, `default` is written.

    Figures were those of the files that are gone, so they are left out until somebody measures again.
    """
    try:
        before = cards.read(folder)
    except ModelError:
        if default is not None:
            write(default, folder)
        return
    names = dict.fromkeys([*before.files, *(default.files if default is not None else ())])
    files = _files(folder, [name for name in names if (folder / name).exists()])
    if files == before.files:
        return
    graphs = before.graphs if default is None else default.graphs
    version = str(int(before.version) + 1) if before.version.isdigit() else before.version
    write(msgspec.structs.replace(before, files=files, graphs=graphs, version=version, figures=[]), folder)


def library(folder: Path, data: str) -> Card:
    """The card of what `jamd train recommender` has learnt from a library, or another set of sessions."""
    return made(
        "next",
        folder,
        {name: f"{name}.onnx" for name in TASKS["next"]},
        ["own.npz"] if (folder / "own.npz").exists() else [],
        name="library",
        about="What to play next, learnt from what was played in one library.",
        licence="yours, as far as the library is",
        data=[Data(data, "yours, as far as the library is")],
        made_by="jamd train recommender",
    )


def _files(folder: Path, names: Sequence[str]) -> dict[str, File]:
    return {name: File(cards.sha256(folder / name), (folder / name).stat().st_size) for name in names}


def _graph(task: str, name: str, path: Path) -> Graph:
    wanted = TASKS[task][name]
    if wanted.streams:
        from daemon.trained import load

        found = load(path, wanted).get_inputs()
        wanted = completed(wanted, {one.name: contract.Tensor(tuple(one.shape)) for one in found})
    inputs, outputs = (
        {key: Tensor(list(one.shape), one.type) for key, one in side.items()}  # type: ignore[arg-type]
        for side in (wanted.inputs, wanted.outputs)
    )
    return Graph(path.name, inputs, outputs)


def _inline(rows: dict[str, Any]) -> Any:
    table = tomlkit.table()
    for name, row in rows.items():
        one = tomlkit.inline_table()
        one.update(row)
        table[name] = one
    return table
