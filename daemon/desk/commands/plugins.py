"""Commands on plugins as wholes: add, remove, move, replace, revive, and what opens one anew."""

from typing import Any

from daemon.desk.commands.command import Command, Place
from daemon.desk.draft import Draft, near
from daemon.errors import Refused, UserError
from daemon.rack.model import Part, Slot, Value


class Add(Command, tag="add"):
    """A plugin by its full name or a unique part of it, at the end of a chain or at place `at`."""

    chain: str
    plugin: str
    name: str = ""
    at: Place = 0
    bypass: bool = False
    mix: Part = 1.0
    side: str = ""
    params: dict[str, Value | str] = {}  # noqa: RUF012 - msgspec copies it


class Remove(Command, tag="remove"):
    """A plugin goes."""

    plugin: str


class Move(Command, tag="move"):
    """A plugin to another place, or another chain."""

    plugin: str
    chain: str = ""
    at: Place = 0


class Replace(Command, tag="replace"):
    """Another plugin in the place of one."""

    plugin: str
    by: str
    name: str = ""


class Side(Command, tag="side"):
    """What a plugin's side-chain hears: a chain, an input, or nothing."""

    plugin: str
    side: str = ""


class Program(Command, tag="program"):
    """A factory program, by number from 0 or by name."""

    plugin: str
    program: int | str


class Revive(Command, tag="revive"):
    """Open a quarantined or failed plugin again; none named: all of them."""

    plugin: str = ""


def add(draft: Draft, c: Add) -> dict[str, Any]:
    """Give the plugin's name in the rack and its uid."""
    chain = draft.chain(c.chain)
    slot = _slot(draft, c.plugin, c.name)
    slot.bypass, slot.mix, slot.side, slot.params = c.bypass, c.mix, c.side, dict(c.params)
    chain.plugins.insert(c.at - 1 if c.at else len(chain.plugins), slot)
    at = chain.plugins.index(slot) + 1
    draft.tell("plugin_added", chain, slot, plugin=slot.plugin, at=at, bypass=slot.bypass, mix=slot.mix, side=slot.side)
    return {"plugin": slot.name, "uid": slot.uid, "chain": chain.name, "at": at}


def remove(draft: Draft, c: Remove) -> dict[str, Any]:
    """Give its name."""
    chain, slot = draft.slot(c.plugin)
    chain.plugins.remove(slot)
    draft.tell("plugin_removed", chain, slot)
    return {"plugin": slot.name}


def move(draft: Draft, c: Move) -> dict[str, Any]:
    """Give where it is now."""
    before, slot = draft.slot(c.plugin)
    after = draft.chain(c.chain) if c.chain else before
    before.plugins.remove(slot)
    if after is not before and (before.isolate or after.isolate):
        draft.reopen(slot)  # in another process
    after.plugins.insert(c.at - 1 if c.at else len(after.plugins), slot)
    at = after.plugins.index(slot) + 1
    draft.tell("plugin_moved", after, slot, at=at)
    return {"plugin": slot.name, "chain": after.name, "at": at}


def replace(draft: Draft, c: Replace) -> dict[str, Any]:
    """Give the new one's name and uid."""
    chain, old = draft.slot(c.plugin)
    at = chain.plugins.index(old)
    chain.plugins.remove(old)
    slot = _slot(draft, c.by, c.name)
    slot.bypass, slot.mix, slot.side = old.bypass, old.mix, old.side
    chain.plugins.insert(at, slot)
    draft.tell("plugin_replaced", chain, slot, plugin=slot.plugin, at=at + 1, replaces=old.name)
    return {"plugin": slot.name, "uid": slot.uid}


def side(draft: Draft, c: Side) -> dict[str, Any]:
    """A plugin that had no side-chain is opened anew with one."""
    chain, slot = draft.slot(c.plugin)
    info = draft.book.infos.get(slot.uid)
    if c.side and not slot.side and (info is None or not info.side_inputs):
        draft.reopen(slot)
    slot.side = c.side
    draft.tell("side", chain, slot, side=c.side)
    return {"plugin": slot.name, "side": c.side}


def program(draft: Draft, c: Program) -> dict[str, Any]:
    """Opened anew with the program, beside the one that sounds."""
    chain, slot = draft.slot(c.plugin)
    programs = draft.info(slot).programs
    number = c.program
    if isinstance(number, str):
        if number not in programs:
            raise Refused(404, f"{slot.name}: there is no program {number!r}{near(number, programs)}")
        number = programs.index(number)
    if not 0 <= number < len(programs):
        raise Refused(404, f"{slot.name}: there is no program {number}; it has {len(programs)}")
    slot.uid, slot.params, slot.state, slot.program = draft.uid(), {}, "", number
    draft.opens[slot.uid] = draft.at
    draft.tell("program", chain, slot, program=number, name=programs[number])
    return {"plugin": slot.name, "program": number, "name": programs[number]}


def revive(draft: Draft, c: Revive) -> dict[str, Any]:
    """Give the names of those that are opened again."""
    book, names = draft.book, []
    for chain, slot in [draft.slot(c.plugin)] if c.plugin else draft.document.slots():
        if slot.uid in book.quarantined or slot.uid in book.failed:
            draft.reopen(slot, must=bool(c.plugin))
            draft.tell("revived", chain, slot)
            names.append(slot.name)
    if c.plugin and not names:
        raise Refused(409, f"{c.plugin} is neither quarantined nor failed")
    return {"plugins": names}


def _slot(draft: Draft, plugin: str, name: str) -> Slot:
    """A new slot for a plugin there is."""
    try:
        full = draft.shelf.find(plugin).name
    except UserError as error:
        raise Refused(404, str(error)) from None
    if name and name in [slot.name for _, slot in draft.document.slots()]:
        raise Refused(409, f"there is a plugin {name!r} already; give another name")
    slot = Slot(plugin=full, name=name or draft.name_for(full), uid=draft.uid())
    draft.opens[slot.uid] = draft.at
    return slot
