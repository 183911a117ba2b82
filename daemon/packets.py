"""Packets between the daemon and a process that it looks after: one msgpack each, on a socket pair that never waits."""

import socket
import sys
from collections.abc import Iterator

import msgspec

PACKET = 65536  # bytes at most


class Gone(Exception):
    """The other side has gone."""


def pair() -> tuple[socket.socket, socket.socket]:
    """The daemon's end and the process's, both non-blocking; packets stay whole."""
    whole = socket.SOCK_SEQPACKET if sys.platform.startswith("linux") else socket.SOCK_DGRAM
    ends = socket.socketpair(socket.AF_UNIX, whole)
    for end in ends:
        end.setblocking(False)
    return ends


def received(end: socket.socket) -> Iterator[bytes]:
    """All packets that have come. Raises Gone where the other side has gone."""
    while True:
        try:
            packed = end.recv(PACKET)
        except BlockingIOError:
            return
        except OSError:
            packed = b""
        if not packed:
            raise Gone
        yield packed


def tell(end: socket.socket, packet: msgspec.Struct) -> bool:
    """Send a packet; False: the other side does not read, or is gone, or the packet is larger than it can take."""
    packed = msgspec.msgpack.encode(packet)
    if len(packed) > PACKET:
        return False
    try:
        end.send(packed)
    except OSError:
        return False
    return True
