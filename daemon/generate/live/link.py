"""What the daemon and its generator process say to each other: one packet each (daemon.packets)."""

import msgspec

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.note import Note, Played
from daemon.models.link import Model, Use


class Load(msgspec.Struct, tag="load", array_like=True):
    """To the process: make a generator and warm it up. `target` as in daemon.registry."""

    role: str
    name: str
    target: str


class Hear(msgspec.Struct, tag="hear", array_like=True):
    """To the process: what the player has just played, for all its generators."""

    notes: list[Played]
    context: Context


class Ask(msgspec.Struct, tag="ask", array_like=True):
    """To the process: make notes for `length` ticks; of a harmony, chords for `length` beats.

    After `due_ns` (CLOCK_MONOTONIC) nobody needs them. A newer ask for the same generator takes the place of one that waits.
    """

    number: int
    role: str
    name: str
    context: Context
    constraints: Constraints
    length: int
    due_ns: int


class Cancel(msgspec.Struct, tag="cancel", array_like=True):
    """To the process: nobody needs this any more; what is being made is made all the same."""

    number: int


class Ready(msgspec.Struct, tag="ready", array_like=True):
    """From the process: the generator can be asked; it took so long to make."""

    role: str
    name: str
    ms: float


class Missing(msgspec.Struct, tag="missing", array_like=True):
    """From the process: the generator cannot be asked, now or ever, until it is loaded again."""

    role: str
    name: str
    reason: str


class Made(msgspec.Struct, tag="made", array_like=True):
    """From the process: notes, or chords, and how long they took."""

    number: int
    notes: list[Note]
    chords: list[ChordSpan]
    ms: float


class Failed(msgspec.Struct, tag="failed", array_like=True):
    """From the process: this was not made. An empty reason: it came too late, or a newer one took its place."""

    number: int
    reason: str = ""


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second while it is not at work: it does not hang."""


ToProcess = Load | Use | Hear | Ask | Cancel
FromProcess = Ready | Missing | Made | Failed | Model | Alive
