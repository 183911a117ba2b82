"""What the daemon and the process that hears say to each other: one packet each (daemon.packets)."""

import msgspec

from daemon.models.link import Model, Use


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the newest sound lies in memory that both processes see; offsets in bytes from its beginning."""

    fd: int
    size: int  # bytes of the whole
    capture: int  # offset of float32 (2, capacity): the input
    capacity: int
    count: int  # offset of int64: samples ever written
    epoch: int  # offset of int64: another stream has another
    rate: int  # offset of float64: Hz


class Open(msgspec.Struct, tag="open", array_like=True):
    """To the process, first: what to hear, and what of it only where this machine keeps up."""

    place: Place
    surely: list[str]
    perhaps: list[str]


class Chosen(msgspec.Struct, tag="chosen", array_like=True):
    """From the process, when it is ready: what it hears and why, and of the rest why not."""

    analyses: list[str]
    why: str
    left: dict[str, str]


class Heard(msgspec.Struct, tag="heard", array_like=True):
    """From the process: dsp.hop.EVENT that became known of a stream up to sample `until`."""

    epoch: int
    until: int
    events: bytes


class Began(msgspec.Struct, tag="began", array_like=True):
    """From the process: what it knows of a stream begins at sample `since`; it was too late for what was before, or new."""

    epoch: int
    since: int


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second: it does not hang."""


ToProcess = Open | Use
FromProcess = Chosen | Heard | Began | Alive | Model
