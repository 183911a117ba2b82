"""What the daemon and its lights process say to each other: one packet each (daemon.packets)."""

from typing import Any

import msgspec

from daemon import messages as m

END = "the daemon ends"
"""Why it says that all is to be safe, when it ends in good order."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the newest sound and the clock lie in memory that both processes see; offsets in bytes from its beginning."""

    fd: int
    size: int  # bytes of the whole
    samples: int  # offset of float32 (2, capacity)
    capacity: int
    count: int  # offset of int64: samples ever written
    epoch: int  # offset of int64: another stream has another
    dll: int  # offset of dsp.dll.DLL
    daemon_pulse: int  # offset of int64: the daemon's main loop is alive while this counts


class Open(msgspec.Struct, tag="open", array_like=True):
    """To the process, first: where light goes, and how much earlier than its music."""

    sacn: tuple[str, ...]
    artnet: tuple[str, ...]
    os2l: str
    priority: int
    latency_ms: float
    os2l_latency_ms: float
    place: Place


class Table(msgspec.Struct, tag="table", array_like=True):
    """To the process: the preset's [lights]; without one the default show."""

    values: dict[str, Any]


class Stream(msgspec.Struct, tag="stream", array_like=True):
    """To the process: an engine runs at this rate in Hz; 0: none does."""

    rate: int


class To(msgspec.Struct, tag="to", array_like=True):
    """To the process: show, blackout or safe look, and the grand master, as far as they are given."""

    state: str = ""  # on, blackout, safe
    master: float = -1.0
    why: str = ""


class Follow(msgspec.Struct, tag="follow", array_like=True):
    """To the process: something that a show may follow."""

    message: (
        m.Transport
        | m.Onset
        | m.Section
        | m.Chord
        | m.Key
        | m.Chroma
        | m.MidiNote
        | m.MidiControl
        | m.MidiHarmony
        | m.JamNote
    )


class Say(msgspec.Struct, tag="say", array_like=True):
    """From the process: to be published."""

    message: m.Lights | m.Dmx | m.Output


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second: it does not hang. `drops`: packets that found no room on the network."""

    drops: int = 0


ToProcess = Open | Table | Stream | To | Follow
FromProcess = Say | Alive
