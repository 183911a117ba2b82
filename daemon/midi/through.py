"""What hands play goes through to the engine: each message on the sample it came, plus one constant delay.

A message takes a while from its port to the engine (two processes, and the block that is being handled). Played as soon as
possible it would sound now earlier, now later; so all wait equally long, as long as the slow ones need.
"""

from collections.abc import Callable
from typing import Protocol

from daemon.midi.message import CONTROL, NOTE_OFF, NOTE_ON, SOSTENUTO, SUSTAIN, MidiMessage

ALLOWANCE_S = 0.004
"""Beside one block: the MIDI process looks each millisecond, the daemon may be at work on a hop."""

PEDALS = (SUSTAIN, SOSTENUTO)


class Ring(Protocol):
    """Takes messages for the engine, with their samples. [main]"""

    @property
    def room(self) -> int:
        """How many more it can take."""

    @property
    def is_read(self) -> bool:
        """Whether the engine has taken all."""

    def put(self, at: int, port: int, status: int, data1: int, data2: int) -> bool:
        """A message for sample `at` of the stream, or the last one's where that is later. False: the ring is full."""


class Through:
    """All inputs' way to the engine; knows what is held, so that a lost port leaves no note hanging. [main]"""

    def __init__(self, ring: Ring, index: Callable[[str], int]) -> None:
        """`index` is the engine's number for a port's name."""
        self.lost = 0  # messages that found the ring full: the engine does not read, and will be ended
        self._ring, self._index = ring, index
        self._delay: int | None = None
        self._held: dict[tuple[str, int, int, int], None] = {}  # (port, NOTE_ON or CONTROL, channel, number)

    def begin(self, delay: int) -> None:
        """An engine runs, and everything is to sound `delay` samples after it came."""
        self._delay = delay

    def end(self) -> None:
        """There is no engine."""
        self._delay = None

    def feed(self, message: MidiMessage, sample_time: int) -> None:
        """A message that came at `sample_time`; what belongs to no channel is not for instruments."""
        if message.channel < 0:
            return
        if message.status in (NOTE_ON, NOTE_OFF) or (message.status == CONTROL and message.data1 in PEDALS):
            is_held = message.status == NOTE_ON or (message.status == CONTROL and message.data2 >= 64)
            kind = CONTROL if message.status == CONTROL else NOTE_ON
            held = message.port, kind, message.channel, message.data1
            if is_held:
                self._held[held] = None
            else:
                self._held.pop(held, None)
        if self._delay is not None:
            status, at = message.status | message.channel, sample_time + self._delay
            self.lost += not self._ring.put(at, self._index(message.port), status, message.data1, message.data2)

    def lose(self, port: str, sample_time: int) -> None:
        """The port has gone: its keys and pedals are let go."""
        for own, kind, channel, number in [held for held in self._held if held[0] == port]:
            status = NOTE_OFF if kind == NOTE_ON else CONTROL
            self.feed(MidiMessage(0, own, status, channel, number, 0), sample_time)
