"""Opening plugins as a document asks, and answering what is asked of them: texts, values, states."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from daemon.plugins.plugin import Plugin, PluginError
from daemon.rack.live import LiveSlot
from daemon.rack.model import Slot
from daemon.rack.protocol import Done, Order
from daemon.rack.records import PART


class Opener:
    """All methods: [main]."""

    def __init__(self, rate: float, block: np.void | None) -> None:
        """`block`: the engine's BLOCK record, which is told what is being opened, should that crash."""
        self.rate = rate
        self._block = block

    def open(self, slot: Slot, done: Done) -> LiveSlot | None:
        """The plugin of a slot, as the slot wants it; None, and why in `done`, where it cannot be had."""
        from daemon.plugins.catalogue import load, open_plugin  # late: an empty rack loads no plugin format

        load(slot.plugin)
        self._say_opening(slot.uid)
        try:
            plugin = open_plugin(slot.plugin, self.rate, PART, 2 if slot.side else 0)
        except Exception as error:  # a plugin may do anything; the rest of the rack is not to suffer
            known = isinstance(error, PluginError)
            done.failed[slot.uid] = str(error) if known else f"{slot.plugin} could not be opened: {error!r}"
            self._say_opening(0)
            return None
        live = LiveSlot(slot.uid, plugin)
        self._set_up(live, slot, done)
        self._say_opening(0)
        done.opened[slot.uid] = plugin.info
        done.params[slot.uid] = live.values
        return live

    def _say_opening(self, uid: int) -> None:
        if self._block is not None:
            self._block["opening"] = uid

    def reopen(self, live: LiveSlot, slot: Slot) -> LiveSlot | None:
        """Another one with the same state, for a plugin that asks to be started anew; None where that cannot be."""
        done = Done(0)
        again = self.open(Slot(slot.plugin, uid=slot.uid, side=slot.side), done)
        if again is None:
            return None
        try:
            again.plugin.load(live.plugin.save())
        except PluginError:
            for param in again.params.values():
                again.plugin.set(param.index, live.plugin.value(param.index))
        self._read(again)
        return again

    def _set_up(self, live: LiveSlot, slot: Slot, done: Done) -> None:
        """Program, then state, then parameters; what does not fit is said, and the rest is done."""
        name, plugin = slot.name or slot.plugin, live.plugin
        try:
            if slot.program >= 0:
                plugin.select_program(slot.program)
        except PluginError as error:
            done.warned.append(f"{name}: {error}")
        try:
            if slot.state:
                plugin.load(Path(slot.state).read_bytes())
        except OSError as error:
            done.warned.append(
                f"{name}: its state {slot.state} cannot be read: {error.strerror}; its parameters are set"
            )
        except PluginError as error:
            done.warned.append(f"{name}: {error}")
        for key, value in slot.params.items():
            param = live.params.get(key)
            if param is None:
                done.warned.append(f"{name}: {_unknown(key, live)}")
                continue
            try:
                plugin.set(param.index, plugin.from_text(param.index, value) if isinstance(value, str) else value)
            except PluginError as error:
                done.warned.append(f"{name}: {key}: {error}")
        self._read(live)

    def _read(self, live: LiveSlot) -> None:
        live.latency = live.plugin.latency()
        live.values = {key: live.plugin.value(param.index) for key, param in live.params.items()}
        live.plugin.changed()  # what it was told just now is no news

    def answer(self, order: Order, done: Done, slots: dict[int, LiveSlot]) -> None:
        """What the order asks of plugins: texts of values, values of texts, and their states in files."""
        for uid, key, value in order.texts:
            done.texts.append(str(_ask(slots, uid, key, Plugin.text, value)))
        for uid, key, text in order.values:
            done.values.append(_ask(slots, uid, key, Plugin.from_text, text))
        if order.save:
            for uid, live in slots.items():
                try:
                    done.saved[uid] = _write(Path(order.save) / f"{uid}.state", live.plugin.save())
                except (PluginError, OSError) as error:
                    done.warned.append(f"{live.plugin.info.title}: its state was not saved: {error}")


def _ask(slots: dict[int, LiveSlot], uid: int, key: str, question: Callable[..., Any], said: float | str) -> Any:
    """The answer of a method of Plugin's; an error is a text that begins with `!`."""
    live = slots.get(uid)
    if live is None:
        return "!the plugin is not open"
    if key not in live.params:
        return f"!{_unknown(key, live)}"
    try:
        return getattr(live.plugin, question.__name__)(live.params[key].index, said)
    except PluginError as error:
        return f"!{error}"


def _unknown(key: str, live: LiveSlot) -> str:
    import difflib

    near = difflib.get_close_matches(key, live.params, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(list(live.params)[:12])}"
    return f"{live.plugin.info.title} has no parameter {key!r}; {hint}"


def _write(path: Path, state: bytes) -> str:
    """Write a file whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_bytes(state)
    os.replace(beside, path)
    return str(path)
