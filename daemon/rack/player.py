"""The rack at the engine's end of the daemon's connection: takes orders, answers them, says what happened."""

import contextlib
from multiprocessing.connection import Connection

import msgspec
import numpy as np

from daemon.rack.protocol import Done, News, Order
from daemon.rack.rack import Rack

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Order).decode


class Player:
    """What fills the engine's plugin slot. All methods: [main]."""

    def __init__(self, connection: Connection, rate: float, block: np.void) -> None:
        """`block` is the engine's BLOCK record."""
        self.rack = Rack(rate, block)
        self.native = self.rack.native
        self._connection = connection

    def turn(self, wait_s: float) -> None:
        """Carry out what is ordered, waiting for it for at most so long; then go on with what takes time."""
        with contextlib.suppress(OSError, EOFError):  # the daemon has gone, and ends this process
            while self._connection.poll(wait_s):
                self._say(self.rack.carry_out(_decode(self._connection.recv_bytes())))
                wait_s = 0.0
            news = self.rack.turn()
            if news is not None:
                self._say(news)

    def _say(self, message: Done | News) -> None:
        self._connection.send_bytes(_encode(message))
