"""A model's card: the file `card.toml` beside its files, which says what it is, whose it is, and what it should hash to."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from daemon.errors import UserError
from daemon.models import contract
from daemon.models.contract import FORMAT, TASKS, completed

CARD = "card.toml"
MOST_CARD_BYTES = 256 * 1024
MOST_BYTES = 2 * 1024**3  # of a model's files together
MOST_FILES = 64

_FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="lower case, digits, . _ -")]
FileName = Annotated[str, Meta(pattern=f"^{_FILE_NAME}$", description="a plain name in the card's own folder")]
Line = Annotated[str, Meta(min_length=1, max_length=4000)]


class ModelError(UserError):
    """A model that is missing, damaged, or of another shape; one line with the remedy."""


class File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One of the model's files."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits")]
    bytes: Annotated[int, Meta(ge=0, le=MOST_BYTES)]


class Tensor(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What goes in or comes out; a size with a name is open."""

    shape: list[int | str]
    type: Literal["float32", "int64"]


class Graph(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A graph that is run, and the file that holds it."""

    file: FileName
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


class Data(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What it learned from."""

    name: Line
    licence: Line
    what: str = ""


class Figure(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What was measured."""

    name: Line
    value: float
    on: Line  # which data, by which command
    unit: str = ""


class Card(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All of it. `format`: daemon.models.contract.FORMAT of the jamd that it was made for."""

    name: Name
    version: Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,31}$", description="as 1 or 2.0.1")]
    task: Literal["phrase", "harmony", "next", "hearing", "onset", "drums"]
    about: Line
    licence: Line
    format: int
    files: Annotated[dict[FileName, File], Meta(min_length=1, max_length=MOST_FILES)]
    graphs: dict[str, Graph] = {}
    data: list[Data] = []
    figures: list[Figure] = []
    made_by: str = ""  # the command that made it
    weak: str = ""  # what it does badly


_PARTS: dict[str, Any] = {"files": File, "graphs": Graph, "data": Data, "figures": Figure}


def read(folder: Path) -> Card:
    """The card in a model's folder. Raises ModelError that names it and the key."""
    path = folder / CARD
    try:
        with path.open("rb") as file:
            text = file.read(MOST_CARD_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; a model is a folder with a {CARD} beside its files") from None
    if len(text) > MOST_CARD_BYTES:
        raise ModelError(f"{path}: over {MOST_CARD_BYTES // 1024} KiB; a card is a short text")
    try:
        return parse(tomllib.loads(text.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: not TOML: {' '.join(str(error).split())[:120]}; get the model anew") from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def parse(values: dict[str, Any]) -> Card:
    """Check a card's values. Raises ModelError that begins with the key."""
    try:
        for part, kind in _PARTS.items():
            given = values.get(part)
            items = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
            for key, value in items:
                _converted(value, kind, f"{part}.{key}")
        card: Card = _converted(values, Card, "")
    except RecursionError:
        raise ModelError("nested too deep; get the model anew") from None
    if card.format != FORMAT:
        hint = "update jamd" if card.format > FORMAT else "train it anew, or get a newer one"
        raise ModelError(f"format: made for a jamd that reads {card.format}, and this one reads {FORMAT}; {hint}")
    if CARD in card.files:
        raise ModelError(f"files.{CARD}: the card does not list itself; take it out")
    if sum(file.bytes for file in card.files.values()) > MOST_BYTES:
        raise ModelError(f"files: over {MOST_BYTES // 1024**3} GiB together, which no model of jamd's needs")
    for name, graph in card.graphs.items():
        if graph.file not in card.files:
            raise ModelError(f"graphs.{name}.file: {graph.file!r} is not among the card's files; list it")
    if card.task in TASKS:
        _check_graphs(card)
    return card


def _check_graphs(card: Card) -> None:
    """Whether the card's graphs are what its task wants. Raises ModelError."""
    wanted = TASKS[card.task]
    if set(card.graphs) != set(wanted):
        raise ModelError(
            f"graphs: {card.task} needs {', '.join(wanted)}, but there is {', '.join(card.graphs) or 'none'}"
        )
    for name, graph in card.graphs.items():
        full = completed(wanted[name], tensors(graph.inputs))
        for side in ("inputs", "outputs"):
            want = {key: (list(one.shape), one.type) for key, one in getattr(full, side).items()}
            have = {key: (one.shape, one.type) for key, one in getattr(graph, side).items()}
            for key in sorted({*want, *have}):
                if want.get(key) != have.get(key):
                    one, other = have.get(key, "missing"), want.get(key, "none of that name")
                    raise ModelError(f"graphs.{name}.{side}.{key}: it is {one}, wanted is {other}; train it anew")


def tensors(said: dict[str, Tensor]) -> dict[str, contract.Tensor]:
    """A side of a card's graph, as the contract has it."""
    return {name: contract.Tensor(tuple(one.shape), one.type) for name, one in said.items()}


def _converted(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, at = str(error).partition(" - at `")
        at = at.strip("`").replace("key in ", "a key of ").replace("[...]", ".*").replace("$", where).strip(".")
        unknown = re.search(r"unknown field `(.*?)`", text)
        key = at or where
        if unknown:
            key, text = f"{key}.{unknown[1]}".strip("."), "there is no such key; take it out"
        missing = re.search(r"missing required field `(.*?)`", text)
        if missing:
            key, text = f"{key}.{missing[1]}".strip("."), "it is missing"
        said = repr(value)[:60] if not isinstance(value, dict | list) else ""
        raise ModelError(f"{key or 'the card'}: {text[0].lower() + text[1:]}{': ' + said if said else ''}") from None


def sha256(path: Path) -> str:
    """A file's, in hexadecimal; about 1 ms a MB. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
