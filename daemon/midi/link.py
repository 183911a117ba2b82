"""What the daemon and its MIDI process say to each other: one msgpack packet each on a socket pair."""

import msgspec

from daemon.midi.message import MidiMessage

BATCH = 256  # messages in one packet at most


class Order(msgspec.Struct, array_like=True):
    """The process's whole argument; `virtual` adds ports of jamd's own."""

    api: str
    inputs: list[str]
    outputs: list[str]
    virtual: bool


class Play(msgspec.Struct, tag="play", array_like=True):
    """To the process: bytes of one MIDI message for an output port, to leave at `at_ns` (CLOCK_MONOTONIC), 0 at once."""

    port: str
    data: bytes
    at_ns: int = 0


class Silence(msgspec.Struct, tag="silence", array_like=True):
    """To the process: what waits for this output port is not to sound; the ends of what sounds leave at once."""

    port: str


class AllOff(msgspec.Struct, tag="all_off", array_like=True):
    """To the process: every output is silent now, on all channels, whatever was to come."""


class Turning(msgspec.Struct, tag="turning", array_like=True):
    """To the process, several times a second: the daemon does not hang."""


class Played(msgspec.Struct, tag="played", array_like=True):
    """From the process: what came in, oldest first per port."""

    messages: list[MidiMessage]


class News(msgspec.Struct, tag="news", array_like=True, frozen=True):
    """From the process: a port that is `open` now, was `lost`, or (said once, with the reason) is `missing`.

    Without the API every port is missing; that, and its end, is said once, with no port's name.
    """

    port: str
    direction: str
    state: str
    error: str = ""


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second: it does not hang. `lost` messages found the daemon's socket full."""

    lost: int
