"""Commands on how plugins sound: parameters, bypass, mix."""

from typing import Any

from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft
from daemon.desk.snapshot import Morph
from daemon.errors import Refused
from daemon.rack.model import Part, Value


class Set(Command, tag="set"):
    """A parameter, by its id or name: to a normalised `value`, to what a `text` means, or by so many `step`s.

    A step is one of the values of a parameter that has only so many, else a hundredth.
    """

    plugin: str
    param: str
    value: Value | None = None
    text: str | None = None
    step: float | None = None
    morph_s: Morph = 0.0


class Bypass(Command, tag="bypass"):
    """Bypass a plugin, or not; the other way round where `on` is not given."""

    plugin: str
    on: bool | None = None


class Mix(Command, tag="mix"):
    """How much of a plugin is heard."""

    plugin: str
    mix: Part


def set_(draft: Draft, c: Set) -> dict[str, Any]:
    """Give the value and what it means."""
    if sum(given is not None for given in (c.value, c.text, c.step)) != 1:
        raise Refused(422, f"{c.plugin} {c.param}: give one of value, text and step")
    _, slot = draft.slot(c.plugin)
    if draft.is_new(slot) and c.step is None:  # the engine reads it when it opens the plugin
        given: float | str = c.value if c.value is not None else str(c.text)
        name = draft.param(slot, c.param).id if draft.shelved(slot) else c.param
        slot.params[name] = given
        return {"plugin": slot.name, "param": name, "text" if c.value is None else "value": given}
    param = draft.param(slot, c.param)
    if c.text is not None:
        value = draft.value_of(slot, param.id, c.text)
        if value is None:
            return {}
    elif c.value is not None:
        value = c.value
    else:
        step = 1.0 / (param.steps - 1) if param.steps > 1 else 0.01
        value = min(1.0, max(0.0, draft.value(slot, param.id) + (c.step or 0.0) * step))
    text = "" if draft.origin == "midi" else draft.text_of(slot, param.id, value)
    draft.put(slot, param.id, value, text)
    draft.morph_s = max(draft.morph_s, c.morph_s)
    return {"plugin": slot.name, "param": param.id, "value": value, "text": text}


def bypass(draft: Draft, c: Bypass) -> dict[str, Any]:
    """Give how it is now."""
    chain, slot = draft.slot(c.plugin)
    slot.bypass = not slot.bypass if c.on is None else c.on
    draft.tell("bypass", chain, slot, on=slot.bypass)
    return {"plugin": slot.name, "on": slot.bypass}


def mix(draft: Draft, c: Mix) -> dict[str, Any]:
    """Give how it is now."""
    chain, slot = draft.slot(c.plugin)
    slot.mix = c.mix
    draft.tell("mix", chain, slot, mix=c.mix)
    return {"plugin": slot.name, "mix": c.mix}
