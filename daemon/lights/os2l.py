"""OS2L (Open Sound to Light, os2l.org): beats as short JSON messages over TCP, for QLC+ and other lighting programs.

The lighting program listens (QLC+ on port 9996), and jamd connects to it; a beat is sent as it falls. A receiver may take
what it reads at once for one message, so each is sent by itself.
"""

import errno
import socket

from daemon.errors import UserError

PORT = 9996  # QLC+'s
RETRY_S = 2.0
QUEUE = 4096  # bytes that a program which does not read may have waiting: what is older than a minute lights nothing


class Os2lError(UserError):
    """An address that cannot be used; the text is one line with the remedy."""


def os2l(where: str) -> "Os2l | None":
    """HOST:PORT or HOST, not connected yet; None for an empty one. Raises Os2lError. [any]"""
    host, _, port = where.rpartition(":")
    return Os2l(host or where, int(port) if host and port.isdigit() else PORT) if where else None


class Os2l:
    """One connection, opened again whenever it is lost. Nothing here waits. [any]"""

    def __init__(self, host: str, port: int = PORT) -> None:
        """Nothing is connected yet; `turn` does that. Raises Os2lError where nobody knows the host."""
        remedy = f"give HOST:PORT, such as 127.0.0.1:{PORT}"
        if not 0 < port < 65536:
            raise Os2lError(f"lights.os2l: {host}:{port}: there is no such port; {remedy}")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except OSError as error:
            raise Os2lError(f"lights.os2l: {host}:{port}: {error.strerror}; {remedy}") from None
        self._family, self._where = found[0], found[4]
        self.state = "lost"  # or open
        self.error = (
            f"nobody takes OS2L at {host}:{port}; start the lighting program, or mend lights.os2l in the config"
        )
        self.drops = 0
        self._socket: socket.socket | None = None
        self._try_at = -1e9

    @property
    def fd(self) -> int:
        """What a poller may wait for: readable when the other side has gone; -1 while there is no connection."""
        return self._socket.fileno() if self._socket is not None and self.state == "open" else -1

    def turn(self, now_s: float) -> None:
        """Connect where there is no connection, every two seconds; notice one that has ended."""
        if self._socket is None:
            if now_s < self._try_at:
                return
            self._try_at = now_s + RETRY_S
            self._socket = socket.socket(self._family, socket.SOCK_STREAM)
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, QUEUE)
        if self.state == "open":
            self._hear()
            return
        problem = self._socket.connect_ex(self._where)
        if problem in (0, errno.EISCONN):
            self.state = "open"
        elif problem not in (errno.EINPROGRESS, errno.EALREADY, errno.EINTR) or now_s >= self._try_at:
            self._lose()

    def beat(self, pos: int, bpm: float, change: bool = False, strength: float = 1.0) -> bool:
        """Beat number `pos`, now. `change`: the beats' phase has changed; `strength` 0..1. False: it was not sent."""
        if self._socket is None or self.state != "open":
            return False
        said = "true" if change else "false"
        packet = b'{"evt":"beat","change":%s,"pos":%d,"bpm":%.2f,"strength":%.2f}\n' % (
            said.encode(),
            pos,
            bpm,
            strength,
        )
        try:
            if self._socket.send(packet) == len(packet):
                return True
        except BlockingIOError:
            self.drops += 1
            return False
        except OSError:
            pass
        self.drops += 1
        self._lose()  # it is gone, or was sent half a message
        return False

    def close(self) -> None:
        """End the connection."""
        self._lose()

    def _hear(self) -> None:
        """What a lighting program says (button feedback) is of no use here; but it must be read."""
        if self._socket is None:
            return
        try:
            gone = not self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            self._lose()

    def _lose(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self.state = None, "lost"
