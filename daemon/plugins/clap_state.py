"""A CLAP plugin's state through streams of bytes. [main]"""

import ctypes
from ctypes import byref
from typing import Any

from daemon.plugins import clap_abi as abi


def save(extension: Any, plugin: int) -> bytes | None:
    """What the plugin at an address writes to its `clap.state` extension; None where it fails."""
    parts: list[bytes] = []

    def write(stream: int, data: int, size: int) -> int:
        parts.append(ctypes.string_at(data, size))
        return size

    stream = abi.Stream(None, abi.Move(write))
    return b"".join(parts) if extension.save(plugin, byref(stream)) else None


def load(extension: Any, plugin: int, state: bytes) -> bool:
    """Whether the plugin takes a state."""
    left = memoryview(state)

    def read(stream: int, data: int, size: int) -> int:
        nonlocal left
        part, left = left[:size], left[size:]
        ctypes.memmove(data, bytes(part), len(part))
        return len(part)

    stream = abi.Stream(None, abi.Move(read))
    return bool(extension.load(plugin, byref(stream)))
