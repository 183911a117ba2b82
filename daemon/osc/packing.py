"""Packing Open Sound Control 1.0 (Wright, 2002): messages from templates, and bundles with NTP time tags.

What is sent often is a float at one of a few addresses, so all but its four bytes is made once. [main]
"""

import struct
from functools import lru_cache

IMMEDIATELY = 1
"""The time tag that means: now."""

_NTP_S = 2208988800  # from 1900 to 1970
_float = struct.Struct(">f").pack
_tag = struct.Struct(">8sQ").pack
_size = struct.Struct(">i").pack


def text(value: str) -> bytes:
    """An OSC string: ended by one to four zeros, so that its length is a multiple of four."""
    packed = value.encode(errors="replace").replace(b"\0", b"")
    return packed + b"\0" * (4 - len(packed) % 4)


@lru_cache(maxsize=1024)
def _head(address: str, kind: str) -> bytes:
    return text(address) + text(f",{kind}")


def message(address: str, value: float | str) -> bytes:
    """One float or one string at an address."""
    if isinstance(value, str):
        return _head(address, "s") + text(value)
    return _head(address, "f") + _float(value)


def bundle(tag: int, messages: list[bytes]) -> bytes:
    """Messages that belong together; `tag`: when they are to be done, as `ntp` gives it, or IMMEDIATELY."""
    parts = [_tag(b"#bundle\0", tag)]
    for packed in messages:
        parts += (_size(len(packed)), packed)
    return b"".join(parts)


def ntp(wall_ns: int) -> int:
    """ns since 1970 as a time tag: seconds since 1900 in the upper 32 bits, their fraction in the lower."""
    seconds, ns = divmod(wall_ns, 1_000_000_000)
    return ((seconds + _NTP_S) & 0xFFFFFFFF) << 32 | (ns << 32) // 1_000_000_000


def wall_ns(tag: int) -> int:
    """ns since 1970 of a time tag."""
    return ((tag >> 32) - _NTP_S) * 1_000_000_000 + ((tag & 0xFFFFFFFF) * 1_000_000_000 >> 32)
