"""Packets between the daemon and a process that it looks after: one msgpack each, on a socket pair that never waits."""

import socket
import sys

import msgspec

PACKET = 65536  # bytes at most


def pair() -> tuple[socket.socket, socket.socket]:
    """The daemon's end and the process's, both non-blocking; packets stay whole."""
    whole = socket.SOCK_SEQPACKET if sys.platform.startswith("linux") else socket.SOCK_DGRAM
    ends = socket.socketpair(socket.AF_UNIX, whole)
    for end in ends:
        end.setblocking(False)
    return ends


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
