"""What is taken by Open Sound Control, in the measure that the daemon can bear, whoever sends how much of it."""

import heapq
from collections.abc import Callable
from typing import Any

from daemon.osc import packing
from daemon.osc.control import ControlError, Meant, meant
from daemon.osc.input import Input
from daemon.osc.monitor import Monitor
from daemon.osc_packet import Heard

PRESSES = 32  # in one turn
UNDER_WAY = 64  # of them, that nobody has answered yet
VALUES = 256  # addresses whose newest value waits
HELD = 256  # messages that wait for their time
HELD_NS = 10_000_000_000  # for so long at the most

Reply = Callable[[dict[str, Any]], None]
Do = Callable[[dict[str, Any], Reply], None]


class Receiver:
    """One input. Times are ns of CLOCK_MONOTONIC, passed in. [main]"""

    def __init__(self, source: Input, do: Do, wall_ns: Callable[[int], int]) -> None:
        """`do` has a command carried out and replies once, now or later; `wall_ns` gives a time of day, since 1970."""
        self.input = source
        self.monitor = Monitor()
        self.refused = 0
        self.last = ""  # why the last one was
        self._do, self._wall_ns = do, wall_ns
        self._values: dict[str, tuple[Heard, Meant]] = {}  # the newest that is wanted at an address,
        self._busy: set[str] = set()  # which waits while the one before is carried out
        self._held: list[tuple[int, int, Heard]] = []
        self._count = self._presses = self._under_way = 0

    def next_ns(self) -> int | None:
        """When something that is held is to be done."""
        return self._held[0][0] if self._held else None

    def turn(self, now_ns: int) -> None:
        """Take what has come, and have it done."""
        self._presses = 0
        heard, wrong = self.input.turn()
        if wrong:
            self.last = wrong
            self.monitor.note("", [], wrong)
        ahead_ns = self._wall_ns(now_ns)
        for one in heard:
            due_ns = now_ns + packing.wall_ns(one.tag) - ahead_ns if one.tag > packing.IMMEDIATELY else now_ns
            if due_ns <= now_ns:
                self._take(one)
            elif due_ns > now_ns + HELD_NS or len(self._held) >= HELD:
                self._refuse(
                    one,
                    f"{one.address[:60]!r}: its time tag is {(due_ns - now_ns) / 1e9:.3g} s ahead, or too many wait",
                )
            else:
                self._count += 1
                heapq.heappush(self._held, (due_ns, self._count, one))
        while self._held and self._held[0][0] <= now_ns:
            self._take(heapq.heappop(self._held)[2])
        for address in [address for address in self._values if address not in self._busy]:
            self._submit(*self._values.pop(address))

    def errors(self) -> int:
        """Packets and messages that were not done."""
        return self.input.errors + self.refused

    def _take(self, one: Heard) -> None:
        try:
            wanted = meant(one.address, one.arguments)
        except ControlError as error:
            self._refuse(one, str(error))
            return
        if wanted is None:
            self.monitor.note(one.address, one.arguments)
            return
        if not wanted.is_value:
            self._presses += 1
            if self._presses <= PRESSES and self._under_way < UNDER_WAY:
                self._submit(one, wanted)
            else:
                self._refuse(one, f"{one.address[:60]!r}: more than can be done at once")
        elif one.address in self._values or len(self._values) < VALUES:
            self._values[one.address] = one, wanted
        else:
            self._refuse(one, f"{one.address[:60]!r}: more than {VALUES} wait")

    def _submit(self, one: Heard, wanted: Meant) -> None:
        if wanted.is_value:
            self._busy.add(one.address)
        else:
            self._under_way += 1

        def reply(answer: dict[str, Any]) -> None:
            if wanted.is_value:
                self._busy.discard(one.address)
            else:
                self._under_way -= 1
            if "error" in answer:
                self._refuse(one, str(answer["error"].get("text", "")))
            else:
                self.monitor.note(one.address, one.arguments)

        self._do(wanted.command, reply)

    def _refuse(self, one: Heard, why: str) -> None:
        self.refused += 1
        self.last = why
        self.monitor.note(one.address, one.arguments, why)
