"""The commands: one table. Each is a struct, its arguments checked, and what it does to a draft.

A command is a map: {"cmd": "bypass", "plugin": "comp", "on": true}. Adding one is a struct, a function, and a line here.
"""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from daemon.desk.commands import chains, jam, looks, mappings, params, plugins, presets, snapshots
from daemon.desk.commands.command import Command
from daemon.desk.commands.elsewhere import ROOMS, elsewhere
from daemon.desk.draft import Draft, near
from daemon.errors import Refused

COMMANDS: dict[type[Command], Callable[[Draft, Any], Any]] = {
    looks.List: looks.list_,
    looks.Plugins: looks.plugins,
    looks.Info: looks.info,
    looks.Get: looks.get,
    presets.Load: presets.load,
    presets.Save: presets.save,
    chains.ChainAdd: chains.add,
    chains.ChainSet: chains.change,
    chains.ChainRemove: chains.remove,
    plugins.Add: plugins.add,
    plugins.Remove: plugins.remove,
    plugins.Move: plugins.move,
    plugins.Replace: plugins.replace,
    plugins.Side: plugins.side,
    plugins.Program: plugins.program,
    plugins.Revive: plugins.revive,
    params.Set: params.set_,
    params.Bypass: params.bypass,
    params.Mix: params.mix,
    snapshots.Recall: snapshots.recall,
    snapshots.Take: snapshots.take,
    snapshots.Remove: snapshots.remove,
    mappings.Learn: mappings.learn,
    mappings.MapList: mappings.list_,
    mappings.MapRemove: mappings.remove,
    jam.Jam: jam.change,
    jam.JamPart: jam.part,
    jam.JamCue: jam.cue,
    jam.JamPanic: jam.panic,
    jam.JamShow: jam.show,
    **{kind: elsewhere for kinds in ROOMS.values() for kind in kinds},
}

NAMES = {str(kind.__struct_config__.tag): kind for kind in COMMANDS}
"""`cmd` -> struct."""

_ANY = reduce(or_, COMMANDS)
_decoders = msgspec.msgpack.Decoder(_ANY), msgspec.json.Decoder(_ANY)


def decode(packed: bytes | msgspec.Raw, as_json: bool) -> Command:
    """A command from msgpack or JSON. Raises Refused that says what is wrong with it."""
    try:
        return _decoders[as_json].decode(packed)
    except msgspec.ValidationError as error:
        raise _explained(str(error), packed, as_json) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, f"not {'JSON' if as_json else 'msgpack'}") from None


def carry_out(draft: Draft, command: Command) -> Any:
    """Do to the draft what a command says, and give its result. Raises Refused."""
    return COMMANDS[type(command)](draft, command)


def _explained(problem: str, packed: bytes | msgspec.Raw, as_json: bool) -> Refused:
    """msgspec's message with the command, the argument and the remedy."""
    try:
        given = (msgspec.json if as_json else msgspec.msgpack).decode(packed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # beyond what was wrong first
        return Refused(400, f"not {'JSON' if as_json else 'msgpack'}")
    if not isinstance(given, dict):
        return Refused(400, 'a command is a map such as {"cmd": "list"}')
    cmd = given.get("cmd")
    kind = NAMES.get(cmd) if isinstance(cmd, str) else None
    if kind is None:
        return Refused(400, f"there is no command {str(cmd)[:40]!r}{near(str(cmd)[:40], NAMES, 40)}")
    text, _, where = problem.partition(" - at `$.")
    fields = list(kind.__struct_fields__)
    if where:
        name = where.rstrip("`")
        field = next((field for field in msgspec.inspect.type_info(kind).fields if field.name == name), None)  # type: ignore[attr-defined]
        meant = _meaning(field.type) if field else ""
        said = repr(given.get(name, ""))
        return Refused(422, f"{cmd}: {name} = {said[:60]}: {text[0].lower() + text[1:]}{meant}")
    for name in given:
        if name not in (*fields, "cmd"):
            return Refused(400, f"{cmd}: there is no argument {str(name)[:40]!r}{near(str(name)[:40], fields)}")
    missing = problem.rpartition("field ")[2].strip("`")
    return Refused(400, f"{cmd}: give {missing}; its arguments are {', '.join(fields)}")


def _meaning(kind: msgspec.inspect.Type) -> str:
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    for one in kinds:
        if isinstance(one, msgspec.inspect.Metadata) and "description" in (one.extra_json_schema or {}):
            return f"; give {(one.extra_json_schema or {})['description']}"
    return ""
