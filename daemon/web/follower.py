"""Follows the daemon: what it publishes is read once per frame, and each frame is handed to those who watch.

Reading once per frame, and not at each message, costs a small part of what an awaited message does: about a thousand come
in a second.
"""

import asyncio
import contextlib
from collections.abc import Callable

import zmq

from daemon import messages as m
from daemon.listen import decode
from daemon.web.frames import Frame, Frames

FRAME_S = 1 / 30
IDLE_S = 0.25  # between two looks while nobody watches: nothing may be lost of what joiners are told
QUEUE = 8192  # messages: several looks' worth
AT_ONCE = 4096  # messages in one look
MESSAGE_BYTES = 4 << 20
NEWEST = (m.topic("f0"), m.topic("chroma"))  # of these no other than the newest is even decoded


class Follower:
    """One SUB socket. [front]"""

    def __init__(self, address: str, frames: Frames) -> None:
        """`address` is empty where there is no daemon."""
        self.frames = frames
        self._context: zmq.Context = zmq.Context()
        self._socket: zmq.Socket | None = None
        if address:
            self._socket = self._context.socket(zmq.SUB)
            for option, value in ((zmq.RCVHWM, QUEUE), (zmq.LINGER, 0), (zmq.MAXMSGSIZE, MESSAGE_BYTES)):
                self._socket.setsockopt(option, value)
            self._socket.subscribe(b"jamd/")
            self._socket.connect(address)

    async def work(self, show: Callable[[Frame], None], is_watched: Callable[[], bool]) -> None:
        """Until it is cancelled."""
        try:
            while self._socket is not None:
                self._read(self._socket)
                frame = self.frames.frame()
                if frame is not None:
                    show(frame)
                await asyncio.sleep(FRAME_S if is_watched() else IDLE_S)
        finally:
            if self._socket is not None:
                self._socket.close(0)
            self._context.term()

    def _read(self, socket: zmq.Socket) -> None:
        newest: dict[bytes, list[bytes]] = {}
        for _ in range(AT_ONCE):
            try:
                parts = socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                break
            if parts[0] in NEWEST:
                newest[parts[0]] = parts
            else:
                self._take(parts)
        for parts in newest.values():
            self._take(parts)

    def _take(self, parts: list[bytes]) -> None:
        with contextlib.suppress(ValueError, LookupError):  # nothing that jamd says; msgspec's errors are ValueErrors
            message = decode(parts)
            if message is not None:
                self.frames.take(message)
