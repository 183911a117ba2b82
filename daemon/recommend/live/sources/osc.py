"""What plays by Open Sound Control over UDP: `/jamd/now_playing` with two strings, artist and title, or one with the title.

Only this machine may send, unless the config names another of its addresses.
"""

import contextlib
import socket

from daemon.osc_packet import PacketError, read
from daemon.recommend.live.sources import SourceError, Told

ADDRESS = "/jamd/now_playing"
PACKET = 8192
IN_A_POLL = 64  # packets; the newest of them counts


class Osc:
    """[worker]"""

    name = "osc"

    def __init__(self, argument: str) -> None:
        """`argument` is PORT or HOST:PORT. Raises SourceError."""
        host, _, port = argument.rpartition(":")
        host = host or "127.0.0.1"
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise SourceError(f"recommend.now_playing: 'osc:{argument}': give osc:PORT or osc:HOST:PORT")
        self.error = ""
        try:
            family, _, _, _, where = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise _cannot(argument, error) from None
        try:
            self._socket.bind(where)
        except OSError as error:
            self._socket.close()
            raise _cannot(argument, error) from None
        self._socket.setblocking(False)

    def poll(self, now: float) -> Told | None:
        """The newest message; what is none is passed over."""
        told = None
        with contextlib.suppress(BlockingIOError):
            for _ in range(IN_A_POLL):
                told = _told(self._socket.recv(PACKET)) or told
        return told

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def _cannot(argument: str, error: OSError) -> SourceError:
    return SourceError(
        f"recommend.now_playing: 'osc:{argument}': {error.strerror}; give a free port of one of this machine's addresses"
    )


def _told(packet: bytes) -> Told | None:
    try:
        messages = read(packet)
    except PacketError:
        return None
    for message in reversed(messages):
        words = message.arguments
        if message.address == ADDRESS and 0 < len(words) <= 2 and all(isinstance(word, str) for word in words):
            return Told("" if len(words) == 1 else words[0], words[-1])
    return None
