"""Frames: what is new since the last one, as a page shows it; nothing here waits, reads a clock or grows without end.

A frame is a few dozen times a second one JSON text. Of what comes once per hop it has the newest, and the highest peak and
onset strength since the last frame; every other message stands in `events`, in order. Two frames in a row can be merged
into one, for a page that was too slow for the first.
"""

from typing import Any

import msgspec

from daemon import messages as m
from daemon.messages.message import Message

EVENTS = 200  # in a frame
STATES = 1024  # messages that a page is told when it comes

_ENVELOPE = {field.name for field in msgspec.structs.fields(Message)}
_OWN: dict[type, list[str]] = {
    kind: [field.name for field in msgspec.structs.fields(kind) if field.name not in _ENVELOPE]
    for kind in (m.Level, m.Bands, m.F0, m.Chroma)
}

Unset = msgspec.UnsetType


class Frame(msgspec.Struct, tag="frame", tag_field="kind"):
    """`now`: the newest `known_at`, in samples at `rate` of the engine's stream number `epoch`; later is foretold."""

    rate: int
    now: int
    epoch: int
    level: dict[str, Any] | Unset = msgspec.UNSET  # as in messages.Level, but `peak` the highest
    bands: dict[str, Any] | Unset = msgspec.UNSET  # as in messages.Bands, but `onset_strength` the highest
    f0: dict[str, Any] | Unset = msgspec.UNSET
    chroma: dict[str, Any] | Unset = msgspec.UNSET
    events: list[m.Message] = []
    lost: int = 0  # events that were too many


def merge(older: Frame, newer: Frame) -> Frame:
    """One frame that says what two in a row said. [any]"""
    events, lost = bounded(older.events + newer.events)
    merged = Frame(newer.rate, newer.now, newer.epoch, events=events, lost=older.lost + newer.lost + lost)
    for name, highest in (("level", "peak"), ("bands", "onset_strength"), ("f0", ""), ("chroma", "")):
        old, new = getattr(older, name), getattr(newer, name)
        if old is not msgspec.UNSET and new is not msgspec.UNSET and highest:
            new = new | {highest: max(old[highest], new[highest])}
        setattr(merged, name, old if new is msgspec.UNSET else new)
    return merged


def bounded(events: list[m.Message]) -> tuple[list[m.Message], int]:
    """At most EVENTS of them, and how many were left out: never the newest of those that are kept for joiners. [any]"""
    if len(events) <= EVENTS:
        return events, 0
    newest = {message.kept_as: place for place, message in enumerate(events) if message.keep_last}
    stays = set(newest.values())
    for place in range(len(events) - 1, -1, -1):
        if len(stays) >= EVENTS:
            break
        stays.add(place)
    return [events[place] for place in sorted(stays)], len(events) - len(stays)


class Frames:
    """Takes messages, gives frames. [front]"""

    def __init__(self) -> None:
        self._state: dict[tuple, m.Message] = {}
        self._dense: dict[type, m.Message] = {}
        self._highest: dict[type, float] = {}
        self._events: list[m.Message] = []
        self._lost = self._rate = self._now = 0
        self._epoch = -1
        self._is_new = False

    def take(self, message: m.Message) -> None:
        """A message as it was published; one that is said again for others is passed over where it is known."""
        if message.replay and message.kept_as in self._state:
            return
        if message.epoch > self._epoch:
            self._epoch, self._now = message.epoch, 0
            self._dense.clear()
            self._highest.clear()
        self._rate = message.rate or self._rate
        if message.epoch == self._epoch:
            self._now = max(self._now, message.known_at)
        self._is_new = True
        if type(message) in _OWN:
            self._take_dense(message)
            return
        if message.keep_last and (message.kept_as in self._state or len(self._state) < STATES):
            self._state[message.kept_as] = message
        self._events.append(message)
        if len(self._events) >= 2 * EVENTS:
            self._shorten()

    def frame(self) -> Frame | None:
        """What is new since the last frame; None: nothing."""
        if not self._is_new:
            return None
        self._shorten()
        frame = Frame(self._rate, self._now, max(self._epoch, 0), events=self._events, lost=self._lost)
        for kind, message in self._dense.items():
            values = {name: getattr(message, name) for name in _OWN[kind]}
            if kind is m.Level:
                values["peak"] = self._highest[kind]
            elif kind is m.Bands:
                values["onset_strength"] = self._highest[kind]
            setattr(frame, kind.__struct_config__.tag, values)  # type: ignore[attr-defined]
        self._dense, self._highest, self._events, self._lost, self._is_new = {}, {}, [], 0, False
        return frame

    def state(self) -> list[m.Message]:
        """The newest of all that is kept for joiners, oldest kind first."""
        return list(self._state.values())

    def _take_dense(self, message: m.Message) -> None:
        kind = type(message)
        self._dense[kind] = message
        if isinstance(message, m.Level):
            self._highest[kind] = max(message.peak, self._highest.get(kind, message.peak))
        elif isinstance(message, m.Bands):
            self._highest[kind] = max(message.onset_strength, self._highest.get(kind, message.onset_strength))

    def _shorten(self) -> None:
        self._events, lost = bounded(self._events)
        self._lost += lost
