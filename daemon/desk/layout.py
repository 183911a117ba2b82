"""How a preset is laid out as TOML: what is as it was by default is left out, and what a person wrote beside it stays.

Over an older text only the values that changed are changed (tomlkit keeps its comments and its order). Where that does not
come out as meant, which `tomllib` says, the whole is laid out anew.
"""

import tomllib
from typing import Any

import msgspec
import numpy as np
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Table

from daemon.desk.table import keys, structs_in

Values = dict[str, Any]


def text(struct: msgspec.Struct, old: str = "") -> str:
    """The TOML of a struct, whose lists of structs become [[tables]]; `old` is what stands in the file now. [any]"""
    values = plain(struct)
    if old:
        try:
            document = tomlkit.parse(old)
            _change(document, values)
            changed = document.as_string()
            if tomllib.loads(changed) == values:
                return changed
        except (TOMLKitError, tomllib.TOMLDecodeError, ValueError, TypeError):
            pass  # tomlkit has its limits: tables out of order, dotted keys
    lines: list[str] = []
    _lay_out(lines, "", values)
    return "\n".join(lines).lstrip("\n") + "\n"


def plain(struct: msgspec.Struct) -> Values:
    """A struct as TOML's own types, without what is as by default: its name first, and sends as they come, last."""
    found: Values = {}
    for key, field in sorted(keys(type(struct)).items(), key=lambda item: (item[0] != "name", item[0] == "send")):
        value = getattr(struct, field.name)
        default = (
            field.default_factory() if field.default is msgspec.NODEFAULT and not field.required else field.default
        )
        if value != default:
            found[key] = [plain(item) for item in value] if structs_in(field.type) else _plain(value)
    return found


def _plain(value: Any) -> Any:
    """Floats as short as the audio thread's float32 knows them: 0.1, not 0.10000000149011612."""
    if isinstance(value, float):
        return float(str(np.float32(value)))
    if isinstance(value, msgspec.Struct):
        return plain(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _lay_out(lines: list[str], path: str, values: Values) -> None:
    """Plain values first, then tables, then lists of tables, as TOML wants it; a table in a table is one line."""
    for key, value in values.items():
        if not isinstance(value, dict) and not _is_tables(value):
            lines.append(f"{_key(key)} = {_item(value)}")
    for key, value in values.items():
        if isinstance(value, dict) and value:
            lines += ["", f"[{path}{_key(key)}]", *(f"{_key(name)} = {_item(one)}" for name, one in value.items())]
    for key, value in values.items():
        for one in value if _is_tables(value) else ():
            lines += ["", f"[[{path}{_key(key)}]]"]
            _lay_out(lines, f"{path}{_key(key)}.", one)


def _key(name: str) -> str:
    return tomlkit.key(name).as_string()


def _item(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_item(one)}" for name, one in value.items()) + " }"
    return tomlkit.item(value).as_string()


def _change(old: Any, values: Values) -> None:
    """Make a parsed table say `values`, touching only what differs."""
    for key in [key for key in old if key not in values]:
        del old[key]
    for key, value in values.items():
        now = old.get(key)
        if isinstance(now, Table | InlineTable) and isinstance(value, dict):
            _change(now, value)
        elif isinstance(now, AoT) and _is_tables(value):
            _change_list(now, value)
        elif now is None or now != value:
            old[key] = value


def _change_list(old: AoT, values: list[Values]) -> None:
    """The same for a list of tables, which are told apart by their names, or else by their places."""
    if [one.get("name") for one in old] != [one.get("name") for one in values]:
        kept = {one.get("name"): one for one in old}
        tables = [kept.get(one.get("name")) or tomlkit.item(one) for one in values]
        old.clear()
        for table in tables:
            old.append(table)
    for table, one in zip(old, values, strict=True):
        _change(table, one)
