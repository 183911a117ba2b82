"""What the daemon and its front of house say to each other: one packet each (daemon.packets)."""

from typing import Any

import msgspec

from daemon import messages as m

RELAYED_BYTES = 4 << 20
"""What is answered over the daemon's own control socket is at most so long: its main thread hands it on."""


class Name(msgspec.Struct, array_like=True):
    """The id of a request that the daemon relays: its own number, who asks it, and what that client calls it."""

    number: int
    who: str
    name: Any = None


class Open(msgspec.Struct, tag="open", array_like=True):
    """To the process, first. Addresses are ZeroMQ's, in a folder that only this user can enter; empty: there is none."""

    listening: int  # descriptor of the TCP socket where browsers come; -1: none
    is_here: bool  # only this machine reaches that: whoever controls needs no token
    token: str
    published: str  # what the daemon publishes, to follow
    control: str  # where its commands are taken
    asked: str  # where the process binds a ROUTER for requests
    workers: int
    waiting: int
    library: str
    models: dict[str, str]


class Say(msgspec.Struct, tag="say", array_like=True):
    """From the process: to be published."""

    message: m.Service | m.Output


class Alive(msgspec.Struct, tag="alive", array_like=True):
    """From the process, several times a second: it does not hang."""


FromProcess = Say | Alive
