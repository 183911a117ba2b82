"""A ZeroMQ socket in an asyncio loop.

Its descriptor tells of changes only, and any use of the socket may swallow one: so after each it must be asked again
(libzmq's zmq_getsockopt(3), ZMQ_FD).
"""

import asyncio
from collections.abc import Callable

import zmq


class Ear:
    """Has `turn` called while a socket is readable. [front]"""

    def __init__(self, socket: zmq.Socket, turn: Callable[[], None]) -> None:
        self._socket, self._turn = socket, turn
        self._loop = asyncio.get_running_loop()
        self._fd = int(socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self.poke)
        self._loop.call_soon(self.poke)

    def poke(self) -> None:
        """Look whether something has come; to be called after something was sent, too."""
        if self._socket.closed or not int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            return
        self._turn()
        self._loop.call_soon(self.poke)

    def close(self) -> None:
        """Before the socket is closed."""
        self._loop.remove_reader(self._fd)
