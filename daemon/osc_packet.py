"""Reading Open Sound Control packets, which anybody may have sent: a message is python-osc's to read, the way to it our own.

python-osc takes a bundle apart without a bound: a size below zero inside of one makes it run for ever, and each type of
argument that it does not know is a line in the log. So bundles are taken apart here, and types are looked at first.
"""

import struct
from typing import Any, NamedTuple

MESSAGES = 64  # in one packet
DEPTH = 8  # bundles in bundles
ARGUMENTS = 32
_TYPES = frozenset(b"ifshdTFN")

_int = struct.Struct(">i").unpack_from
_tag = struct.Struct(">Q").unpack_from


class PacketError(ValueError):
    """What is no packet, or more than is taken of one."""


class Heard(NamedTuple):
    """A message; `tag`: the time tag of its bundle, 0 where it is in none."""

    address: str
    arguments: list[Any]
    tag: int = 0


def read(packet: bytes) -> list[Heard]:
    """All messages of a packet, in order. Raises PacketError. [any]"""
    out: list[Heard] = []
    waiting = [(packet, 0, 0)]  # (element, tag, depth), the last one first
    while waiting:
        element, tag, depth = waiting.pop()
        if element.startswith(b"#bundle\0"):
            if depth >= DEPTH:
                raise PacketError(f"more than {DEPTH} bundles within each other")
            if len(element) < 16:
                raise PacketError("a bundle without a time tag")
            tag = int(_tag(element, 8)[0])
            waiting += [(part, tag, depth + 1) for part in reversed(_parts(element))]
        else:
            out.append(_message(element, tag))
        if len(out) + len(waiting) > MESSAGES:
            raise PacketError(f"more than {MESSAGES} messages in one packet")
    return out


def _parts(bundle: bytes) -> list[bytes]:
    parts: list[bytes] = []
    at = 16
    while at < len(bundle):
        size = _int(bundle, at)[0] if at + 4 <= len(bundle) else -1
        if not 0 < size <= len(bundle) - at - 4 or len(parts) >= MESSAGES:
            raise PacketError("a bundle whose parts are not what it says")
        parts.append(bundle[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _message(packed: bytes, tag: int) -> Heard:
    from pythonosc.osc_message import OscMessage, ParseError

    start = (packed.find(b"\0") | 3) + 1
    types = packed[start : packed.find(b"\0", start)] if len(packed) > start else b","
    if not packed.startswith(b"/") or not start or not types.startswith(b","):
        raise PacketError("no message")
    if types == b",I":  # an impulse, which python-osc does not know
        types, packed = b",T", packed[:start] + b",T\0\0"
    if len(types) > ARGUMENTS or not _TYPES.issuperset(types[1:]):
        raise PacketError(f"arguments {types[1:9]!r}; numbers, strings and switches are taken, {ARGUMENTS} at most")
    try:
        read = OscMessage(packed)
        return Heard(read.address, read.params, tag)
    except (ParseError, ValueError, IndexError, OverflowError):
        raise PacketError("no message") from None
