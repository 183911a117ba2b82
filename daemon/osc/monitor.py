"""What came by Open Sound Control, for who watches: in a measure that can be read, whoever sends how much of it."""

import math
from typing import Any

from daemon import messages as m

WAITING = 64  # addresses whose newest message waits to be said; of more, the oldest are passed over
BURST = 10  # messages at once,
EACH_NS = 25_000_000  # and one more every so often: never more than fifty in any second
ARGUMENTS = 16  # of a message
CHARACTERS = 200  # of a string


class Monitor:
    """Times are ns of CLOCK_MONOTONIC, passed in. [main]"""

    def __init__(self) -> None:
        self._waiting: dict[str, m.Osc] = {}
        self._free = float(BURST)
        self._at_ns = 0

    def note(self, address: str, arguments: list[Any], error: str = "") -> None:
        """A message came, and was taken, or refused for this reason."""
        address = _printable(address)
        if address not in self._waiting and len(self._waiting) >= WAITING:
            del self._waiting[next(iter(self._waiting))]
        plain = [_plain(one) for one in arguments[:ARGUMENTS]]
        self._waiting[address] = m.Osc(address=address, arguments=plain, error=_printable(error))

    def turn(self, now_ns: int) -> list[m.Message]:
        """What is to be published now."""
        if not self._waiting:
            return []
        self._free = min(float(BURST), self._free + (now_ns - self._at_ns) / EACH_NS)
        self._at_ns = now_ns
        due = list(self._waiting)[: int(self._free)]
        self._free -= len(due)
        return [self._waiting.pop(address) for address in due]


def _plain(argument: Any) -> Any:
    """A number, a string or a switch as JSON has it."""
    match argument:
        case bool() | int():
            return argument
        case float():
            return argument if math.isfinite(argument) else str(argument)
        case bytes():
            return f"{len(argument)} bytes"
        case None:
            return "nil"
    return _printable(str(argument))


def _printable(text: str) -> str:
    """Without what a terminal would carry out: it comes from anybody who can send a packet."""
    return "".join(one if one.isprintable() else " " for one in text[:CHARACTERS])
