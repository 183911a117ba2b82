"""The styles of presets/styles/, found by name, read and checked: a mistake is named with its file, key and remedy."""

import difflib
import os
import re
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from daemon.errors import UserError
from daemon.generate.masks import check
from daemon.generate.rules.style import BASS_MARKS, COMPING_MARKS, DRUM_MARKS, DRUM_NOTES, Groove, Pattern, Style

FOLDERS = (Path("presets/styles"), Path(__file__).parents[3] / "presets" / "styles")
"""Where a style is looked for by its bare name."""


class StyleError(UserError, ValueError):
    """A style that cannot be used; the text is one line with the remedy."""


def find(name: str) -> Path:
    """The file of a style given by path or by bare name. Raises StyleError with the names there are. [any]"""
    if name.endswith(".toml") or os.sep in name:
        return Path(name)
    for folder in FOLDERS:
        if (path := folder / f"{name}.toml").is_file():
            return path
    raise StyleError(f"there is no style {name!r}{_near(name, names())}; or give the path of a .toml file")


def names() -> list[str]:
    """The styles that are found by bare name. [any]"""
    return sorted({path.stem for folder in FOLDERS for path in folder.glob("*.toml")})


def load(name: str) -> Style:
    """A style by bare name or by path, checked. Raises StyleError. [main]"""
    path = find(name)
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise StyleError(f"{path}: {error.strerror}; give the path of a style (see presets/styles/)") from None
    except UnicodeDecodeError:
        raise StyleError(f"{path}: not a text file; a style is TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StyleError(f"{path}: not valid TOML: {error}") from None
    except UserError as error:
        raise StyleError(f"{path}: {error}") from None


def parse(values: dict[str, Any]) -> Style:
    """Check a table of values. Raises StyleError that begins with the key."""
    try:
        style = msgspec.convert(values, Style)
    except msgspec.ValidationError as error:
        raise StyleError(_explain(str(error), values)) from None
    for part in ("chords", "bass", "drums", "melody", "counter"):
        try:
            check(getattr(style, part).constraints)
        except UserError as error:
            raise StyleError(f"{part}.constraints: {error}") from None
    for key, patterns, marks in (
        ("chords.patterns", style.chords.patterns, COMPING_MARKS),
        ("bass.patterns", style.bass.patterns, BASS_MARKS),
    ):
        if not patterns:
            raise StyleError(f"{key}: there is none; give one or more, or leave the key out")
        for number, pattern in enumerate(patterns):
            _check_pattern(f"{key}[{number}]", pattern, {"grid": pattern.grid}, marks)
    if not style.drums.grooves:
        raise StyleError("drums.grooves: there is none; give one or more, or leave the key out")
    for key, grooves in (("drums.grooves", style.drums.grooves), ("drums.fills", style.drums.fills)):
        for number, groove in enumerate(grooves):
            _check_pattern(f"{key}[{number}]", groove, groove.drums, DRUM_MARKS)
            _check_drums(f"{key}[{number}].drums", groove.drums)
            if len({len(grid.split()) for grid in groove.drums.values()}) != 1:
                raise StyleError(
                    f"{key}[{number}].drums: its grids differ in length; give all the same number of beats"
                )
    _check_drums("drums.layers", style.drums.layers)
    _check_drums("drums.crash", [style.drums.crash] if style.drums.crash else [])
    return style


def _check_pattern(key: str, pattern: Pattern | Groove, grids: dict[str, str], marks: dict[str, str]) -> None:
    if pattern.energy[0] > pattern.energy[1]:
        raise StyleError(f"{key}.energy: {pattern.energy[0]} is above {pattern.energy[1]}; exchange them")
    for name, grid in grids.items():
        known = ", ".join(f"{mark} {meaning}" for mark, meaning in {**marks, "-": "goes on", ".": "silence"}.items())
        unknown = next((mark for mark in grid if mark not in marks and mark not in "-. "), None)
        if unknown:
            raise StyleError(f"{key}.{name}: there is no mark {unknown!r}; write {known}")
        sizes = {len(group) for group in grid.split()}
        if not (sizes and (sizes <= {1, 2, 4} or sizes <= {3, 6})):
            raise StyleError(
                f"{key}.{name}: {grid!r} is no rhythm; give a group of 1, 2 or 4 marks for each beat, or of 3 or 6"
            )


def _check_drums(key: str, drums: typing.Iterable[str]) -> None:
    for name in drums:
        if name not in DRUM_NOTES:
            raise StyleError(f"{key}: there is no drum {name!r}{_near(name, list(DRUM_NOTES))}")


def _explain(problem: str, values: Any) -> str:
    """msgspec's message with the key first and the remedy last."""
    text, _, where = problem.partition(" - at `")
    kind, key, meaning = typing.cast(Any, Style), "", ""
    for step in re.findall(r"\[\.\.\.]|\w+", where):
        if step == "[...]":  # one of a table's values
            kind = typing.get_args(kind)[1]
            name, values = next(item for item in values.items() if not _is(item[1], kind))
            key += f".{name}"
        elif step.isdecimal():  # of a list's
            kind, values, key = typing.get_args(kind)[0], values[int(step)], f"{key}[{step}]"
        else:
            kind = next(field.type for field in msgspec.structs.fields(kind) if field.name == step)
            values, key = values[step], f"{key}.{step}"
    if typing.get_origin(kind) is Annotated:
        meaning = f" ({kind.__metadata__[0].description})"
    elif typing.get_origin(kind) is Literal:
        meaning = f"; choose one of {', '.join(kind.__args__)}"
    key = key.lstrip(".")
    if text.startswith("Object contains unknown field"):
        unknown = text.split("`")[1]
        return f"{key}{'.' if key else ''}{unknown}: there is no such key{_near(unknown, list(kind.__struct_fields__))}"
    if text.startswith("Object missing required field"):
        return f"{key}: has no {text.split('`')[1]}; give it"
    return f"{key}: {text[0].lower()}{text[1:].replace('`', '')}, but is {values!r}{meaning}"


def _is(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _near(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else f"; choose one of {', '.join(known)}"
