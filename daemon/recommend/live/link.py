"""What the daemon and its recommender process say to each other: one packet each (daemon.packets)."""

from typing import Any

import msgspec

from daemon import messages as m
from daemon.models.link import Model, Use
from daemon.recommend.item import Profile


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the newest sound lies in memory that both processes see; offsets in bytes from its beginning."""

    fd: int
    size: int  # bytes of the whole
    samples: int  # offset of float32 (2, capacity)
    capacity: int
    count: int  # offset of int64: samples ever written
    epoch: int  # offset of int64: another stream has another


class Open(msgspec.Struct, tag="open", array_like=True):
    """To the process, first: which library, who says what plays, and what is wished for."""

    library: str
    recognise: bool
    now_playing: list[str]
    families: list[str]
    n: int
    dj: str
    wishes: dict[str, Any]
    place: Place | None


class Stream(msgspec.Struct, tag="stream", array_like=True):
    """To the process: an engine runs at this rate in Hz."""

    rate: int


class Sound(msgspec.Struct, tag="sound", array_like=True):
    """To the process: energy, key or tempo of what is heard have moved."""

    heard: Profile


class Do(msgspec.Struct, tag="do", array_like=True):
    """To the process: commands (daemon.desk.commands.suggestions), all or none of them; `check`: none, only say whether."""

    number: int
    commands: list[dict[str, Any]]
    check: bool


class Say(msgspec.Struct, tag="say", array_like=True):
    """From the process: to be published."""

    message: m.Playing | m.Suggestions | m.Session | m.Recommender


class Began(msgspec.Struct, tag="began", array_like=True):
    """From the process: a list of suggestions is being made; a `Say` with it follows."""


class Done(msgspec.Struct, tag="done", array_like=True):
    """From the process: what commands gave."""

    number: int
    results: list[Any]


class NotDone(msgspec.Struct, tag="not_done", array_like=True):
    """From the process: why commands were refused (daemon.errors.REFUSALS), and which of them."""

    number: int
    code: int
    text: str
    at: int


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second while it is not at work: it does not hang."""


ToProcess = Open | Stream | Sound | Do | Use
FromProcess = Say | Began | Done | NotDone | Model | Alive
