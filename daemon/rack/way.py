"""The desk's end of the way to the engine: whole messages both ways, and it never waits for the other side.

The other end is a `multiprocessing.connection.Connection`, whose framing this speaks: a length in four bytes, big-endian,
then the message. Its own `send_bytes` would wait for an engine that is still loading, its `recv_bytes` for one that hangs.
"""

import socket
import struct
from multiprocessing.connection import Connection

_LENGTH = struct.Struct("!i")
_PART = 1 << 18  # bytes read at once
_PARTS = 16  # reads in one turn
_LONGEST = 1 << 26  # bytes; a longer message is none


class Way:
    """One engine's. [main]"""

    def __init__(self, connection: Connection) -> None:
        """The connection stays its owner's, who may close it at any time."""
        self._connection = connection
        self._socket = socket.socket(fileno=socket.dup(connection.fileno()))
        self._unsaid, self._heard = bytearray(), bytearray()
        self.is_open = True

    @property
    def fd(self) -> int:
        """Readable when the engine has said something."""
        return self._socket.fileno()

    @property
    def is_full(self) -> bool:
        """Whether something waits to be sent: call `flush` soon."""
        return bool(self._unsaid)

    def say(self, message: bytes) -> None:
        """Send a message, or as much of it as there is room for."""
        self._unsaid += _LENGTH.pack(len(message)) + message
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as there is room."""
        try:
            while self._unsaid:
                del self._unsaid[: self._socket.send(self._unsaid, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError:
            self.is_open = False

    def read(self) -> list[bytes]:
        """The whole messages that have come."""
        for _ in range(_PARTS):
            try:
                part = self._socket.recv(_PART, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                part = b""
            self.is_open = bool(part)
            if not part:
                break
            self._heard += part
        found = []
        while len(self._heard) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._heard)
            if not 0 <= length <= _LONGEST:
                self.is_open = False
                break
            end = _LENGTH.size + length
            if len(self._heard) < end:
                break
            found.append(bytes(self._heard[_LENGTH.size : end]))
            del self._heard[:end]
        return found

    def close(self) -> None:
        """Let go of it. Safe when closed."""
        self._socket.close()
        self.is_open = False
