"""MIDI mappings: which control moves a parameter, a bypass, a snapshot, the band, the clock or the lights; and learning.

It is learnt from what moves next. Pure: fed each message, it answers with what is to be done. Controllers are as in the
MIDI 1.0 Detailed Specification: of a 14-bit pair, number n below 32 is the coarse part, which comes first, and n + 32 the
fine one.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from daemon.desk.snapshot import MAX_SNAPSHOTS
from daemon.rack.model import Value

_NOTE_ON, _CONTROL, _PROGRAM = 0x90, 0xB0, 0xC0
_FINE = 32
"""What lies between the numbers of a pair."""
_PAIRS = 64
"""Controllers below this may be half of one."""
_BANK = (0, _FINE)
"""Sent before a program; nobody's knob."""
_MODES = 120
"""From this controller on they are channel modes."""

Number = Annotated[int, Meta(ge=-1, le=127, description="0 to 127; of a program -1 is every one")]
Channel = Annotated[int, Meta(ge=0, le=16, description="1 to 16, or 0 for any")]
Sign = Literal["", "answer", "accompany", "continue", "trade", "loop", "on", "cue", "panic"]
Index = Annotated[int, Meta(ge=0, le=15, description="0 to 15")]


class Mapping(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What one control does. Its source: `kind`, `number`, `channel`, `port`; the rest is its target."""

    kind: Literal["cc", "cc14", "note", "program"]  # cc14: `number` 0 to 31, with number + 32
    to: Literal["param", "bypass", "snapshot", "jam", "clock", "lights", "panic", "take"]
    number: Number = -1
    channel: Channel = 0
    port: str = ""  # name of a MIDI input; empty: any
    plugin: str = ""  # by its name in the rack
    param: str = ""  # by the plugin's own id
    lo: Value = 0.0  # what the control's lowest value means,
    hi: Value = 1.0  # and its highest; between them it is linear
    snapshot: Index = 0  # which; where `number` is -1, the one of the program's own number
    jam: Sign = ""  # the band's mode, or `on` (and off again), or a sign
    clock: Literal["", "tap", "start", "stop", "continue"] = ""
    lights: Literal["", "go", "blackout", "safe", "master"] = ""  # `master` follows the control


class Message(Protocol):
    """A MIDI message as daemon.midi has it: `channel` 0-15, `status` without it."""

    @property
    def port(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def channel(self) -> int: ...
    @property
    def data1(self) -> int: ...
    @property
    def data2(self) -> int: ...


class Action(NamedTuple):
    """What is to be done with the target of a mapping."""

    mapping: Mapping
    value: float | None
    """Of a parameter: normalised. Of a bypass: 1.0 on, 0.0 off, None the other way round. Of a snapshot: its index.

    Of the lights' master: its level. Of the band, the clock, the other signs for lights, of panic and of a take: None.
    """


Source = tuple[str, int, str, int]
"""(port, channel, kind, number) of a control."""


class Learn:
    """All mappings. [main]"""

    def __init__(self, mappings: Iterable[Mapping] = ()) -> None:
        self.mappings = list(mappings)
        self._values: dict[tuple[str, int, int], int] = {}  # of each controller
        self._awaited: set[tuple[str, int, int]] = set()  # pairs whose coarse part came last
        self._stood: dict[Source, float] = {}  # where each mapped control stands
        self._target: Mapping | None = None
        self._seen: list[tuple[str, int, int]] = []  # controllers while learning, where they may be halves of a pair

    @property
    def learning(self) -> bool:
        """Whether a target waits for its control."""
        return self._target is not None

    def learn(self, target: Mapping | None) -> None:
        """The next control that moves is to be this target's source, whatever that says now; None: no more."""
        self._target, self._seen = target, []

    def feed(self, message: Message) -> tuple[list[Action], Mapping | None]:
        """What a message does by the mappings there are; and the mapping learnt from it, which is for the caller to add."""
        learnt = None if self._target is None else self._recognise(self._target, message)
        parts = [(mapping, self._part(mapping, message)) for mapping in self.mappings]
        actions = [self._act(mapping, part, message) for mapping, part in parts if part is not None]
        for mapping, part in parts:
            if part is not None:
                self._stood[_source(mapping, message)] = part
        if message.status == _CONTROL:
            self._keep(message)
        return [action for action in actions if action is not None], learnt

    def _keep(self, message: Message) -> None:
        """Remember a controller's value, and which half of a pair it is."""
        port, channel, number = message.port, message.channel, message.data1
        self._values[port, channel, number] = message.data2
        if number < _FINE:
            self._awaited.add((port, channel, number))
        else:
            self._awaited.discard((port, channel, number - _FINE))

    def _part(self, mapping: Mapping, message: Message) -> float | None:
        """Where the control of a mapping stands, 0.0 to 1.0; None: it is another's message, or half of one."""
        status, number, value = message.status, message.data1, message.data2
        if mapping.port not in ("", message.port) or mapping.channel not in (0, message.channel + 1):
            return None
        if mapping.kind == "cc14":
            return self._pair(mapping.number, message) if status == _CONTROL else None
        if mapping.kind == "program":
            return number / 127 if status == _PROGRAM and mapping.number in (-1, number) else None
        if number != mapping.number:
            return None
        if mapping.kind == "cc":
            return value / 127 if status == _CONTROL else None
        return value / 127 if status == _NOTE_ON and value > 0 else None

    def _pair(self, number: int, message: Message) -> float | None:
        """A 14-bit value once its fine part is there. Who sends none is noticed at the next coarse part."""
        control = message.port, message.channel, number
        if message.data1 == number + _FINE:
            return (self._values.get(control, 0) * 128 + message.data2) / 16383
        if message.data1 == number and control in self._awaited:
            return message.data2 * 128 / 16383
        return None

    def _act(self, mapping: Mapping, part: float, message: Message) -> Action | None:
        """What a mapping makes of its control; None: nothing."""
        value = _between(mapping, part)
        if mapping.to == "param" or mapping.lights == "master":
            return Action(mapping, value)
        before = self._stood.get(_source(mapping, message))
        is_switch = mapping.kind in ("cc", "cc14")
        if mapping.to == "bypass":
            if not is_switch:
                return Action(mapping, None)
            is_same = before is not None and (_between(mapping, before) >= 0.5) == (value >= 0.5)
            return None if is_same else Action(mapping, float(value >= 0.5))
        if is_switch and not part >= 0.5 > (before or 0.0):
            return None
        if mapping.to in ("jam", "clock", "lights", "panic", "take"):
            return Action(mapping, None)
        index = message.data1 if mapping.number < 0 else mapping.snapshot
        return Action(mapping, index) if index < MAX_SNAPSHOTS else None

    def _recognise(self, target: Mapping, message: Message) -> Mapping | None:
        """The target with the control that moved as its source, once it is known which that is."""
        number, control = message.data1, (message.port, message.channel, message.data1)
        if message.status == _PROGRAM or (message.status == _NOTE_ON and message.data2 > 0):
            return self._learnt(target, message, "note" if message.status == _NOTE_ON else "program", number)
        if message.status != _CONTROL or number >= _MODES or number in _BANK:
            return None
        moved = self._values.get(control) != message.data2
        if number >= _PAIRS:
            return self._learnt(target, message, "cc", number) if moved else None
        self._seen = [seen for seen in self._seen if (*seen[:2], seen[2] % _FINE) == (*control[:2], number % _FINE)]
        if moved or (self._seen and self._seen[-1] != control):
            self._seen.append(control)
        numbers = [seen for _, _, seen in self._seen]
        if len(numbers) > 1 and numbers[-1] == numbers[-2]:
            return self._learnt(target, message, "cc", number)
        if len(numbers) == 3:
            return self._learnt(target, message, "cc14", number % _FINE)
        return None

    def _learnt(self, target: Mapping, message: Message, kind: Any, number: int) -> Mapping:
        self.learn(None)
        channel, port = message.channel + 1, message.port
        return msgspec.structs.replace(target, kind=kind, number=number, channel=channel, port=port)


def _source(mapping: Mapping, message: Message) -> Source:
    return message.port, message.channel, mapping.kind, mapping.number


def _between(mapping: Mapping, part: float) -> float:
    """From `lo` to `hi`, exactly at both ends."""
    return mapping.lo * (1.0 - part) + mapping.hi * part
