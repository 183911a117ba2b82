"""Commands that only look: the rack, one plugin, one parameter, and what plugins there are."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft
from daemon.errors import Refused, UserError
from daemon.plugins.plugin import Info as PluginInfo
from daemon.rack.model import Chain, Slot


class List(Command, tag="list"):
    """The whole rack with its values, latencies and loads."""


class Plugins(Command, tag="plugins"):
    """The plugins on this machine whose name, maker or format has all these words."""

    words: str = ""
    most: Annotated[int, Meta(ge=1, le=1000)] = 100


class Info(Command, tag="info"):
    """All of a plugin: of one in the rack with its values, else of one that could be added."""

    plugin: str


class Get(Command, tag="get"):
    """A parameter, or all of a plugin's, with what its value means."""

    plugin: str
    param: str = ""


def list_(draft: Draft, c: List) -> dict[str, Any]:
    """Give preset, chains and snapshots."""
    book = draft.book
    return {
        "preset": book.name,
        "path": book.path,
        "latency_samples": book.latency_samples,
        "chains": [_chain(draft, chain) for chain in draft.document.chains],
        "snapshots": [snapshot.name for snapshot in draft.snapshots],
        "snapshot": draft.snapshot,
        "mappings": len(draft.mappings),
    }


def plugins(draft: Draft, c: Plugins) -> dict[str, Any]:
    """Give their names, and how many there are."""
    found = draft.shelf.search(c.words)
    named = ("name", "title", "vendor", "format")
    return {
        "plugins": [{name: getattr(info, name) for name in named} for info in found[: c.most]],
        "count": len(found),
    }


def info(draft: Draft, c: Info) -> dict[str, Any]:
    """Give what the plugin says of itself; of one in the rack, `rack` says how it is there."""
    if any(slot.name == c.plugin for _, slot in draft.document.slots()):
        chain, slot = draft.slot(c.plugin)
        found = _described(draft.info(slot))
        for param in found["params"]:
            value = draft.value(slot, param["id"])
            param |= {"value": value, "text": draft.text_of(slot, param["id"], value)}
        return found | {"rack": {"chain": chain.name, **_slot(draft, slot)}}
    try:
        return _described(draft.shelf.find(c.plugin))
    except UserError as error:
        raise Refused(404, str(error)) from None


def get(draft: Draft, c: Get) -> dict[str, Any]:
    """Give id, name, value and text of each."""
    _, slot = draft.slot(c.plugin)
    chosen = [draft.param(slot, c.param)] if c.param else draft.info(slot).params
    found = []
    for param in chosen:
        value = draft.value(slot, param.id)
        text = draft.text_of(slot, param.id, value)
        found.append({"id": param.id, "name": param.name, "value": value, "text": text, "unit": param.unit})
    return {"plugin": slot.name, "params": found}


def _described(info: PluginInfo) -> dict[str, Any]:
    return msgspec.to_builtins(info)


def _chain(draft: Draft, chain: Chain) -> dict[str, Any]:
    rest = {name: value for name, value in msgspec.to_builtins(chain).items() if name != "plugins"}
    return rest | {"plugins": [_slot(draft, slot) for slot in chain.plugins]}


def _slot(draft: Draft, slot: Slot) -> dict[str, Any]:
    book = draft.book
    short, load = book.short(slot), book.loads.get(slot.uid)
    return msgspec.to_builtins(short) | {
        "side": slot.side,
        "params": dict(book.values.get(slot.uid, {})),
        "load": None
        if load is None
        else {name: getattr(load, name) for name in load.__struct_fields__ if name != "uid"},
    }
