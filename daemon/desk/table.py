"""A TOML table as a struct, key by key: what cannot be read is left out and said in one line, and the rest is taken.

A list of structs is written in the singular: `[[chain]]` fills `chains`. The desk's own `uid` is in no file.
"""

import difflib
import math
import typing
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_NOTHING: Any = object()
_OF_THE_DESK = "uid"


def read(kind: type[T], table: object, place: str, problems: list[str]) -> T | None:
    """The struct that a table describes; None where a key that must be there is not, or it is no table. [any]

    Each line added to `problems` says where it is in `place`, names the key, and what would be right.
    """
    if not isinstance(table, dict):
        problems.append(f"{place}: {_said(table)} is no table")
        return None
    fields, values = keys(kind), {}
    for key, value in table.items():
        if key not in fields:
            problems.append(f"{_at(place)}there is no key {key!r}{near(key, list(fields))}")
            continue
        found = _value(fields[key].type, value, place, key, problems)
        if found is not _NOTHING:
            values[fields[key].name] = found
    for key, field in fields.items():
        if field.required and field.name not in values:
            if key not in table:
                problems.append(f"{_at(place)}has no {key}; give {_meaning(field.type)}")
            return None
    return kind(**values)


def keys(kind: type) -> dict[str, msgspec.structs.FieldInfo]:
    """The keys that a struct's table may have, and the fields they fill."""
    return {
        field.name.removesuffix("s") if structs_in(field.type) else field.name: field
        for field in msgspec.structs.fields(kind)
        if field.name != _OF_THE_DESK
    }


def structs_in(kind: Any) -> Any:
    """The struct that a list's type is a list of, or None."""
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is list and isinstance(inner[0], type) and issubclass(inner[0], msgspec.Struct):
        return inner[0]
    return None


def near(name: str, known: list[str]) -> str:
    """The end of a line about a name that there is not."""
    found = difflib.get_close_matches(name, known, 1)
    if found:
        return f"; did you mean {found[0]!r}?"
    return f"; there is {', '.join(known)}" if known else "; there is none"


def _value(kind: Any, value: Any, place: str, key: str, problems: list[str]) -> Any:
    """A value of this type, less what cannot be read; _NOTHING where that is all of it."""
    item = structs_in(kind)
    if item and isinstance(value, list):
        found = (
            read(item, table, _in(place, f"{key} {_called(table, k)}"), problems) for k, table in enumerate(value, 1)
        )
        return [one for one in found if one is not None]
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        inner = typing.get_args(kind)[1]
        entries = {name: _value(inner, one, _in(place, key), name, problems) for name, one in value.items()}
        return {name: one for name, one in entries.items() if one is not _NOTHING}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        struct = read(kind, value, _in(place, key), problems)
        return _NOTHING if struct is None else struct
    try:
        if isinstance(value, float) and not math.isfinite(value):
            raise msgspec.ValidationError
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        problems.append(f"{_at(place)}{key} = {_said(value)}; give {_meaning(kind)}")
        return _NOTHING


def _in(place: str, part: str) -> str:
    return f"{place}, {part}" if place else part


def _at(place: str) -> str:
    return f"{place}: " if place else ""


def _called(table: Any, number: int) -> str:
    name = table.get("name") if isinstance(table, dict) else None
    return repr(name) if isinstance(name, str) and name else str(number)


def _said(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_MEANINGS = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.DictType: "a table",
}


def _meaning(kind: Any) -> str:
    """What a value of this type may be, as a person says it."""
    info = kind if isinstance(kind, inspect.Type) else inspect.type_info(kind)
    if isinstance(info, inspect.Metadata):
        return (info.extra_json_schema or {}).get("description") or _meaning(info.type)
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(map(str, info.values))}"
    if isinstance(info, inspect.UnionType):
        return " or ".join(_meaning(one) for one in info.types if not isinstance(one, inspect.NoneType))
    if isinstance(info, inspect.ListType):
        return (
            "tables" if isinstance(info.item_type, inspect.StructType) else f"a list, each {_meaning(info.item_type)}"
        )
    return _MEANINGS.get(type(info), "a table")
