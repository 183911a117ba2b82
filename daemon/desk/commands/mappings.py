"""Commands on what MIDI controls do: learn, list, remove."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft
from daemon.desk.learn import Mapping
from daemon.desk.snapshot import MAX_SNAPSHOTS
from daemon.errors import Refused
from daemon.rack.model import Value


class Learn(Command, tag="learn"):
    """The next MIDI control that moves is to be for a plugin's parameter, its bypass, or a snapshot; `off`: for nothing."""

    plugin: str = ""
    param: str = ""  # empty: the plugin's bypass
    snapshot: int | str = ""
    lo: Value = 0.0  # of the parameter, at the control's lowest,
    hi: Value = 1.0  # and at its highest
    off: bool = False


class MapList(Command, tag="map_list"):
    """All mappings."""


class MapRemove(Command, tag="map_remove"):
    """A mapping goes, by its number from 1."""

    number: Annotated[int, Meta(ge=1)]


def learn(draft: Draft, c: Learn) -> dict[str, Any]:
    """Give the target; who listens for `rack` messages is told when the control was found."""
    if c.off:
        draft.learning = False
        draft.tell("learning", off=True)
        return {"off": True}
    if (c.plugin == "") == (c.snapshot == ""):
        raise Refused(422, "learn: give a plugin or a snapshot")
    if c.plugin:
        chain, slot = draft.slot(c.plugin)
        param = draft.param(slot, c.param).id if c.param else ""
        target = Mapping("cc", "param" if param else "bypass", plugin=slot.name, param=param, lo=c.lo, hi=c.hi)
        draft.learning = target
        draft.tell("learning", chain, slot, param=param)
        return {"plugin": slot.name, "param": param}
    number = _number(draft, c.snapshot)
    draft.learning = Mapping("cc", "snapshot", snapshot=number - 1)
    draft.tell("learning", snapshot=number)
    return {"snapshot": number}


def list_(draft: Draft, c: MapList) -> dict[str, Any]:
    """Give them in order."""
    return {"mappings": [_plain(mapping) for mapping in draft.mappings]}


def remove(draft: Draft, c: MapRemove) -> dict[str, Any]:
    """Give the one that went."""
    if c.number > len(draft.mappings):
        raise Refused(404, f"there is no mapping {c.number}; there are {len(draft.mappings)}")
    mapping = draft.mappings.pop(c.number - 1)
    draft.tell("unmapped", **_plain(mapping))
    return _plain(mapping)


def _number(draft: Draft, named: int | str) -> int:
    names = [snapshot.name for snapshot in draft.snapshots]
    if isinstance(named, str) and named in names:
        return names.index(named) + 1
    number = int(named) if isinstance(named, int) or named.isdigit() else 0
    if not 1 <= number <= MAX_SNAPSHOTS:
        raise Refused(404, f"there is no snapshot {named!r}; give a name, or a number from 1 to {MAX_SNAPSHOTS}")
    return number


def _plain(mapping: Mapping) -> dict[str, Any]:
    return msgspec.to_builtins(mapping)
