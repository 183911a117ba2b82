"""What the daemon and its recorder's process say to each other, and what the log on disk is made of.

The log is a sequence of items, each one msgpack array with its tag first. The daemon numbers them from 0, so that who reads
the log sees what is missing. An item stands after what it is about: `Turns` after what the band was told within the turn.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from daemon.generate.live.link import Failed, Made
from daemon.messages import Generator, Model

Sample = Annotated[int, Meta(ge=0, le=1 << 53)]
Rate = Annotated[int, Meta(ge=1, le=96000)]
Byte = Annotated[int, Meta(ge=0, le=255)]


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the newest sound lies in memory that both processes see; offsets in bytes from its beginning."""

    fd: int
    size: int  # bytes of the whole
    capture: int  # offset of float32 (2, capacity): the input
    played_back: int  # and the output
    capacity: int
    count: int  # offset of int64: samples ever written
    epoch: int  # offset of int64: another stream has another
    rate: int  # offset of float64: Hz
    channels: int  # offset of int64: of the input


class About(msgspec.Struct, frozen=True):
    """What was recorded: beside every part of the sound, so that each can be played by itself."""

    began_ns: int  # when the daemon began, since 1970: which session it is
    version: str  # of jamd
    made_by: dict[str, str]  # versions and the processor, on which the last bit may depend
    analysers: list[tuple[str, str]]  # (analysis, implementation) in the order they run
    config: dict[str, Any]


# Items of the log


class Begin(msgspec.Struct, tag="begin", array_like=True):
    """An engine runs."""

    epoch: int
    rate: Rate
    channels: int


class End(msgspec.Struct, tag="end", array_like=True):
    """The engine has ended, after so many samples."""

    now: Sample


class Preset(msgspec.Struct, tag="preset", array_like=True):
    """Another preset was loaded, from this file; empty: from none."""

    path: str


class Heard(msgspec.Struct, tag="heard", array_like=True):
    """A MIDI message that came in, before anybody has made anything of it. `channel` 0-15."""

    at: Sample
    port: str
    status: Byte
    channel: Byte
    data1: Byte
    data2: Byte


class Said(msgspec.Struct, tag="said", array_like=True):
    """A message as it was published: a struct of daemon.messages."""

    message: msgspec.Raw


class BandMade(msgspec.Struct, tag="band", array_like=True):
    """There is a band from now on."""

    rate: Rate
    environment: dict[str, str]


class BandTold(msgspec.Struct, tag="told", array_like=True):
    """The band's table, a sign (cue, panic, retire), a stream's begin at `number` Hz or its end at sample `number`."""

    what: str
    number: int = 0
    values: dict[str, Any] = {}


class Turns(msgspec.Struct, tag="turns", array_like=True):
    """The band's turns, by their sample."""

    now: list[Sample]


class Unsent(msgspec.Struct, tag="unsent", array_like=True):
    """The band's note-on of this number, from 0, found its port closed."""

    number: int


class Words(msgspec.Struct, tag="words", array_like=True):
    """What the band's worker said in its turn."""

    said: list[Generator | Model]


class CanPlay(msgspec.Struct, tag="can_play", array_like=True):
    """Whether a slow generator can be asked, which has changed."""

    role: str
    name: str
    is_ready: bool


class Asked(msgspec.Struct, tag="asked", array_like=True):
    """The number that the worker gave to what it was asked; 0: nobody was there."""

    number: int


class Came(msgspec.Struct, tag="came", array_like=True):
    """What the worker had for a number when it was looked for."""

    number: int
    answer: Made | Failed


Item = Begin | End | Preset | Heard | Said | BandMade | BandTold | Turns | Unsent | Words | CanPlay | Asked | Came


# Packets to the process


class Open(msgspec.Struct, tag="open", array_like=True):
    """First: where to keep it, and how much."""

    folder: str
    minutes: float
    place: Place
    about: About


class Batch(msgspec.Struct, tag="batch", array_like=True):
    """Items of the log, the first of which has this number."""

    number: int
    items: list[msgspec.Raw]


class Save(msgspec.Struct, tag="save", array_like=True):
    """Make a take of the last so many minutes (0: of all); an empty name is made of the time."""

    number: int
    minutes: float
    name: str


class Show(msgspec.Struct, tag="show", array_like=True):
    """Say what there is."""

    number: int


# Packets from the process


class State(msgspec.Struct, tag="state", array_like=True):
    """Several times a second: how it fares, since the daemon began."""

    seconds: float = 0.0  # of sound that it holds
    lost_s: float = 0.0
    lost_messages: int = 0
    error: str = ""  # why nothing is kept now


class Answer(msgspec.Struct, tag="answer", array_like=True):
    """To a Save or a Show: what it gives, or a refusal by its number in daemon.errors.REFUSALS."""

    number: int
    result: dict[str, Any] = {}
    code: int = 0
    text: str = ""


ToProcess = Open | Batch | Save | Show
FromProcess = State | Answer
