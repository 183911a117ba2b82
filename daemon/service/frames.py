"""Packets of any size between the front of house and its workers: four bytes of length, then msgpack, on a stream.

A worker is told Begin first, and then one Do at a time; it says Ready when it can work, and answers each Do.
"""

import asyncio
import select
import socket
import struct
from typing import Any

import msgspec

LENGTH = struct.Struct(">I")
FRAME_BYTES = 256 << 20  # at most; a longer one is a defect


class Begin(msgspec.Struct, tag="begin", array_like=True):
    """To a worker, first. `folder`: its own, where it may write; it is removed when the worker ends."""

    folder: str
    library: str = ""
    models: dict[str, str] = {}


class Do(msgspec.Struct, tag="do", array_like=True):
    """To a worker: a command (msgpack), whose result is wanted as JSON or msgpack."""

    number: int
    as_json: bool
    command: bytes


class Stop(msgspec.Struct, tag="stop", array_like=True):
    """To a worker: nobody wants that any more."""

    number: int


class Ready(msgspec.Struct, tag="ready", array_like=True):
    """From a worker: it can work."""


class Done(msgspec.Struct, tag="done", array_like=True):
    """From a worker: the result, encoded."""

    number: int
    result: bytes


class NotDone(msgspec.Struct, tag="not_done", array_like=True):
    """From a worker: why not, and the number of that (daemon.errors.REFUSALS)."""

    number: int
    code: int
    text: str


_told = msgspec.msgpack.Decoder(Begin | Do | Stop)
_said = msgspec.msgpack.Decoder(Ready | Done | NotDone)


def packed(packet: Any) -> bytes:
    """A packet with its length."""
    body = msgspec.msgpack.encode(packet)
    return LENGTH.pack(len(body)) + body


async def said(reader: asyncio.StreamReader) -> Ready | Done | NotDone:
    """What a worker says next. Raises IncompleteReadError when it has gone, ValueError for nonsense. [front]"""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if length > FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    return _said.decode(await reader.readexactly(length))


class Line:
    """The worker's end. [worker]"""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._kept: Any = None  # what came while something else was looked for

    def told(self) -> Begin | Do | Stop | None:
        """What it is told next; waits. None: the other side has gone."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        try:
            (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
            return _told.decode(self._exactly(length))
        except (EOFError, OSError):
            return None

    def say(self, packet: Ready | Done | NotDone) -> None:
        """Waits until it is taken."""
        self._end.sendall(packed(packet))

    def is_stopped(self, number: int) -> bool:
        """Whether nobody wants `number` any more, or nobody is there; does not wait."""
        if self._kept is not None or not select.select([self._end], [], [], 0)[0]:
            return False
        told = self.told()
        if told is None or (isinstance(told, Stop) and told.number == number):
            return True
        self._kept = told
        return False

    def _exactly(self, n: int) -> bytes:
        """Raises EOFError."""
        into = bytearray(n)
        view = memoryview(into)
        while view:
            got = self._end.recv_into(view)
            if not got:
                raise EOFError
            view = view[got:]
        return bytes(into)
