"""A place that Open Sound Control is sent to, over UDP, without ever waiting."""

import socket

from daemon.errors import UserError

QUIET_NS = 2_000_000_000
"""For how long nobody must have refused a packet, before an output counts as open again: UDP does not say more."""
TAKEN = 3
"""And so many packets: that one was refused is known when the next one is sent."""


class OscError(UserError):
    """An address that cannot be used; the text is one line with the remedy."""


def place(key: str, given: str, example: str) -> tuple[str, int]:
    """HOST:PORT, also [HOST]:PORT of IPv6. Raises OscError."""
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise OscError(f"{key}: {given!r} is no place; give HOST:PORT, such as {example}")
    return host.strip("[]"), int(port)


def resolved(key: str, host: str, port: int) -> tuple[socket.AddressFamily, tuple]:
    """The first address that a host has. Raises OscError."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise OscError(f"{key}: {host}: {error.strerror}; give a host's name or address") from None
    return family, where


class Output:
    """One UDP socket. A full buffer or a receiver that is not there costs the packet, counted in `drops`. [main]"""

    def __init__(self, given: str) -> None:
        """`given` is HOST:PORT, or HOST:PORT/ahead for a receiver that heeds time tags. Raises OscError."""
        key = "osc.outputs"
        where, slash, how = given.partition("/")
        if slash and how != "ahead":
            raise OscError(f"{key}: {given!r}: there is no {how!r}; give HOST:PORT or HOST:PORT/ahead")
        self.ahead = bool(slash)
        host, port = place(key, where, "127.0.0.1:7700")
        self.name = f"osc:{where}"
        self.error = f"nobody takes it at {where}; start the program that is to, or mend {key} in the config"
        family, address = resolved(key, host, port)
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise OscError(f"{key}: {given!r}: {error.strerror}; give an address that can be reached") from None
        self.drops = 0
        self._refused_ns: int | None = None  # when one was last,
        self._taken = 0  # and how many were not since

    def send(self, packet: bytes, now_ns: int) -> None:
        """Send, or count a drop."""
        for _ in range(2):
            try:
                self._socket.send(packet)
            except BlockingIOError:
                self.drops += 1
            except OSError:  # an earlier packet was refused, or nothing can be reached; this one has not been tried
                self.drops += 1
                self._refused_ns, self._taken = now_ns, 0
                continue
            self._taken += 1
            return

    def state(self, now_ns: int) -> str:
        """`open`, or `lost` where somebody has refused what was sent lately."""
        if self._refused_ns is not None and self._taken >= TAKEN and now_ns - self._refused_ns > QUIET_NS:
            self._refused_ns = None
        return "open" if self._refused_ns is None else "lost"

    def close(self) -> None:
        """No more is sent."""
        self._socket.close()
