"""What jamd says of where the music is, of its lights, of what it sends to and is sent by OSC, and of a panic."""

from typing import Any, ClassVar

from daemon.messages.message import Message


class Transport(Message, tag="transport"):
    """Where the music is: at `sample_time` it is on `beat`, and goes on from there at `tempo_bpm`.

    There is one for each beat, said before it falls, and one each time that something has changed; so the newest is enough
    to know the phase at any time. Beats count from the song's start, and each `beats_per_bar`th is a downbeat.
    """

    beat: float
    tempo_bpm: float
    playing: bool
    source: str  # who leads: fixed, tap, beats, midi_clock, link; empty: nobody yet, and beat and tempo are assumed
    confidence: float  # 0..1
    beats_per_bar: int = 4

    keep_last: ClassVar[bool] = True


class Lights(Message, tag="lights"):
    """The light show's state, each time it has changed. `state`: off, on, blackout, safe; `error`: why, or what to do."""

    state: str
    master: float = 1.0  # 0..1
    error: str = ""
    fixtures: list[str] = []  # noqa: RUF012 - msgspec copies it

    keep_last: ClassVar[bool] = True


class Dmx(Message, tag="dmx"):
    """What a universe is sent, at most ten times a second: `levels` 0-255 of its channels from the first."""

    universe: int  # from 1, as in sACN
    levels: list[int]

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("universe",)


class Output(Message, tag="output"):
    """What became of an output or a peer: `sacn:1`, `artnet:0`, `osc:HOST:PORT`, `os2l`, `link`, `midi_clock:PORT`.

    `state`: open, lost or failed; `peers`: how many there are, where that is known.
    """

    name: str
    state: str
    error: str = ""  # what to do
    peers: int = 0

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("name",)


class Osc(Message, tag="osc"):
    """A message that came by Open Sound Control, for who watches: at most fifty a second, the newest of each address.

    `error`: why it was refused; empty where it was taken.
    """

    address: str
    arguments: list[Any]
    error: str = ""


class Panic(Message, tag="panic"):
    """Everything was ended: notes off on every port and channel, sound faded, lights safe. `over`: it is over.

    `why`: ctl, midi, osc, signal, engine or watchdog.
    """

    why: str
    over: bool = False
    text: str = ""  # for a person
