"""Outputs that the engine plays: each message leaves on its sample, whatever the daemon is busy with.

Messages wait here, sorted, until shortly before; so who plays need not play in order, and can still take back what has not
left. Then they go through the ledger into the engine's ring.
"""

import heapq
from collections.abc import Callable

from daemon.midi.ledger import Ledger, Note
from daemon.midi.message import NOTE_OFF, NOTE_ON, SYSTEM
from daemon.midi.through import Ring

LEAD_S = 0.05
"""How long before its sample a message goes into the ring: the daemon looks more often than that, once per hop."""

Message = tuple[int, int, int]
"""Status with its channel, and two data bytes."""


class TimedOutput:
    """One output of the engine's. [main]"""

    def __init__(self, name: str, index: int, ring: Ring, ledger: Ledger, next_sample: Callable[[], int]) -> None:
        """`index` is the engine's number for `name`; `next_sample` the first one that is still to be had."""
        self.is_open = False
        self._name, self._index, self._ring, self._ledger, self._next = name, index, ring, ledger, next_sample
        self._lead = 0
        self._waiting: list[tuple[int, int, Message, bool]] = []  # (sample, number, message, whether it is owed)
        self._count = 0
        self._owed: dict[tuple[int, int], None] = {}  # (channel, note) that sounded when an engine ended

    def begin(self, rate: int) -> None:
        """An engine runs, whose stream begins now."""
        self.is_open, self._lead = True, round(LEAD_S * rate)

    def end(self, sounding: list[tuple[int, int]]) -> None:
        """The engine has ended, while these (channel, note) sounded beyond it; what waits is for nobody."""
        unpaid = [(status & 0x0F, note) for _, _, (status, note, _), is_owed in self._waiting if is_owed]
        self.is_open, self._waiting = False, []
        self._ledger.panic(self._name)
        self._owed |= dict.fromkeys([*unpaid, *sounding])

    def send(self, message: Message, at: int | None = None) -> bool:
        """Let a message leave at this sample, best said LEAD_S before, or as soon as can be. False: there is no engine."""
        if not self.is_open:
            return False
        self._wait(self._next() if at is None else at, message, False)
        if at is None:
            self.turn()
        return True

    def turn(self) -> None:
        """Hand the engine what is due soon; what finds no room waits on."""
        due = self._next() + self._lead
        while self._waiting and self._waiting[0][0] < due and self._ring.room >= 2:
            at, _, message, is_owed = heapq.heappop(self._waiting)
            self._leave(at, message, is_owed)

    def panic(self, sounding: list[tuple[int, int]]) -> bool:
        """Take back what waits but for the clock, end all that sounds, these (channel, note) too; whether anything did."""
        self._waiting = [waiting for waiting in self._waiting if waiting[3] or waiting[2][0] >= SYSTEM]
        heapq.heapify(self._waiting)
        held = [(note.channel, note.note) for note in self._ledger.panic(self._name)]
        ended = list(dict.fromkeys([*held, *sounding]))
        for channel, note in ended:
            self._wait(self._next(), (NOTE_OFF | channel, note, 0), True)
        self.turn()
        return bool(ended)

    def forget(self) -> None:
        """A panic of the engine's own ends all that sounds here, and takes back what was handed over: so does this.

        A clock's messages stay.
        """
        self._waiting = [waiting for waiting in self._waiting if waiting[2][0] >= SYSTEM]
        heapq.heapify(self._waiting)
        self._ledger.panic(self._name)

    def pay(self, after_s: float, rate: int, is_all: bool) -> None:
        """End what sounded when an engine ended, in so long; `is_all`: whoever heard it hears this."""
        for channel, note in self._owed:
            self._wait(self._next() + round(after_s * rate), (NOTE_OFF | channel, note, 0), True)
        if is_all:
            self._owed = {}

    def _wait(self, at: int, message: Message, is_owed: bool) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (at, self._count, message, is_owed))

    def _leave(self, at: int, message: Message, is_owed: bool) -> None:
        """Into the ring; a note that sounds already is ended first, one that others hold goes on."""
        status, data1, data2 = message
        kind, channel = status & 0xF0, status & 0x0F
        if is_owed:
            if Note(self._name, channel, data1) in self._ledger.sounding(self._name):
                return  # struck again since, and somebody's
        elif kind == NOTE_ON:
            if self._ledger.on(self._name, channel, data1):
                self._ring.put(at, self._index, NOTE_OFF | channel, data1, 0)
        elif kind == NOTE_OFF and not self._ledger.off(self._name, channel, data1):
            return
        self._ring.put(at, self._index, status, data1, data2)
