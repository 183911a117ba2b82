"""Streaming ACN: DMX512 levels over UDP, one packet for each universe. Source: ANSI E1.31-2018, tables 4-1 and 6-1.

A packet is laid out once; of it only the sequence number and the levels change.
"""

import ipaddress
import socket
import uuid

from daemon.errors import UserError

PORT = 5568
CHANNELS = 512
_ROOT, _FRAMING, _DMP = 16, 38, 115  # where the layers begin
_SEQUENCE, _OPTIONS, _LEVELS = 111, 112, 126
_TERMINATED = 0x40
_SOURCE = b"jamd"


class LightError(UserError):
    """A place for light that cannot be used; the text is one line with the remedy."""


def cid() -> bytes:
    """The component's identifier, 16 bytes: the same for this machine each time. [any]"""
    return uuid.uuid5(uuid.NAMESPACE_DNS, f"jamd.{uuid.getnode():x}").bytes


def multicast(universe: int) -> str:
    """The group of a universe, E1.31 9.3.1. [any]"""
    return f"239.255.{universe >> 8}.{universe & 255}"


def packet(universe: int, priority: int) -> bytearray:
    """A data packet with all levels 0; `universe` 1 to 63999, `priority` 0 to 200. [any]"""
    made = bytearray(_LEVELS + CHANNELS)
    made[0:16] = b"\x00\x10\x00\x00ASC-E1.17\x00\x00\x00"
    for layer in (_ROOT, _FRAMING, _DMP):
        made[layer : layer + 2] = (0x7000 | len(made) - layer).to_bytes(2, "big")
    made[18:22] = (4).to_bytes(4, "big")  # VECTOR_ROOT_E131_DATA
    made[22:38] = cid()
    made[40:44] = (2).to_bytes(4, "big")  # VECTOR_E131_DATA_PACKET
    made[44 : 44 + len(_SOURCE)] = _SOURCE
    made[108] = priority
    made[113:115] = universe.to_bytes(2, "big")
    made[117:125] = b"\x02\xa1\x00\x00\x00\x01" + (1 + CHANNELS).to_bytes(2, "big")  # DMP set property, and the count
    return made


def resolved(key: str, host: str) -> str:
    """The numbers of a host. Raises LightError that names the config's key. [main]"""
    try:
        return str(ipaddress.ip_address(socket.gethostbyname(host)))
    except (OSError, ValueError, UnicodeError):
        raise LightError(f"{key}: nobody knows the host {host!r}; give an address such as 127.0.0.1") from None


class Sacn:
    """All universes' stream to some hosts. Nothing here waits. [any, one thread]"""

    def __init__(self, hosts: tuple[str, ...], priority: int) -> None:
        """`hosts`: addresses to send to, or "multicast". Raises LightError."""
        self.drops = 0  # packets that the network had no room for
        self.error = ""  # why the last packet did not leave
        self._priority = priority
        self._hosts = [host if host == "multicast" else resolved("lights.sacn", host) for host in hosts]
        self._packets: dict[int, bytearray] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)

    def send(self, universe: int, levels: bytes | bytearray, last: bool = False) -> None:
        """Send 512 levels; `last`: the stream ends with this one."""
        made = self._packets.get(universe)
        if made is None:
            made = self._packets[universe] = packet(universe, self._priority)
        made[_SEQUENCE] = (made[_SEQUENCE] + 1) & 255
        made[_OPTIONS] = _TERMINATED if last else 0
        made[_LEVELS:] = levels
        self.error = ""
        for host in self._hosts:
            try:
                self._socket.sendto(made, (multicast(universe) if host == "multicast" else host, PORT))
            except BlockingIOError:  # no room: the next one says it again
                self.drops += 1
            except OSError as error:
                self.drops += 1
                self.error = f"lights.sacn: {host}: {error.strerror}; is it on this network?"

    def close(self) -> None:
        """Give the socket back; who ends a stream has sent its last packet three times."""
        self._socket.close()
