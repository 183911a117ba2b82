"""The daemon's end of the log: items are numbered and put together, and sent on as one packet where there is something."""

from collections.abc import Callable

import msgspec

from daemon.flight.link import Batch, Item, Turns

FULL = 24_000  # bytes: sent on at once
TURNS = 4096  # that wait at most

_encode = msgspec.msgpack.Encoder().encode


class Log:
    """[main]"""

    def __init__(self, tell: Callable[[msgspec.Struct], bool]) -> None:
        """`tell` sends a packet, and never waits; what it refuses is not tried again: the numbers show that it is gone."""
        self.number = 0  # of the next item
        self.unsent = 0  # items that `tell` refused
        self._tell = tell
        self._items: list[msgspec.Raw] = []
        self._size = 0  # bytes of them
        self._turns: list[int] = []

    def add(self, item: Item) -> None:
        """After all that was added before."""
        self._put_turns()
        self._put(item)

    def turn(self, now: int) -> None:
        """The band has had a turn."""
        self._turns.append(now)
        if len(self._turns) == TURNS:
            self._put_turns()

    def flush(self) -> bool:
        """Send on what there is. False: it was refused."""
        self._put_turns()
        return self._send()

    def _put_turns(self) -> None:
        if self._turns:
            turns, self._turns = self._turns, []
            self._put(Turns(turns))

    def _put(self, item: Item) -> None:
        packed = _encode(item)
        if self._size + len(packed) > FULL:
            self._send()
        self._items.append(msgspec.Raw(packed))
        self._size += len(packed)
        self.number += 1

    def _send(self) -> bool:
        if not self._items:
            return True
        items, self._items, self._size = self._items, [], 0
        left = self._tell(Batch(self.number - len(items), items))
        if not left:
            self.unsent += len(items)
        return left
