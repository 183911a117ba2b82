"""MIDI clock that goes out: the ticks of the line, wherever it bends, with start, stop, continue and song position.

Source: MIDI 1.0 Detailed Specification (MIDI Association, 1996); MMC: MIDI Machine Control 1.0 (RP-013, 1992). A receiver
has at least a millisecond between Start or Continue and the tick that it is for, as the specification asks.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from daemon.transport.arbiter import Arbiter
from daemon.transport.midi_clock import CLOCK, CONTINUE, POSITION, SIXTEENTH, START, STOP, TICKS

BEFORE_S = 0.002
MOST = 1 << 14  # sixteenths: what a song position can say
MMC_PLAY, MMC_STOP = (bytes((0xF0, 0x7F, 0x7F, 0x06, code, 0xF7)) for code in (2, 1))


class Out(NamedTuple):
    """A message and when it is to leave."""

    at_s: float
    data: bytes


class Ticks:
    """What one MIDI output is told. Each tick is told once, in order. Pure. [main]"""

    def __init__(self, has_mmc: bool = False) -> None:
        """`has_mmc`: play and stop are said in MMC too."""
        self._has_mmc = has_mmc
        self._next: int | None = None  # of the line's ticks; None: none was told yet
        self.runs = False  # it was told to run
        self._moves = -1

    def lose(self) -> None:
        """What comes next does not follow what was told."""
        self._next, self.runs = None, False

    def turn(self, song: Arbiter, from_s: float, until_s: float) -> Iterator[Out]:
        """All from `from_s` on, but not from `until_s`, which is where the next turn begins."""
        if not song.is_led:
            return
        if self._next is None or song.moves != self._moves:
            if self.runs:
                yield from self._stop(from_s)
            jumped_s = from_s if self._next is None else from_s + 2e-6
            self._next, self._moves = math.ceil(song.line.tick_at(jumped_s) * TICKS - 1e-3), song.moves
        if self.runs and not song.playing:
            yield from self._stop(from_s)
        while (at_s := song.line.seconds_at(self._next / TICKS)) < until_s:
            tick = self._next - song.origin * TICKS
            if song.playing and not self.runs and tick >= 0 and tick % SIXTEENTH == 0:
                self.runs = True
                yield from self._start(tick // SIXTEENTH, max(at_s - BEFORE_S, from_s))
            yield Out(at_s, bytes((CLOCK,)))
            self._next += 1

    def _start(self, sixteenth: int, at_s: float) -> Iterator[Out]:
        if sixteenth:
            where = min(sixteenth, MOST - 1)
            yield Out(at_s, bytes((POSITION, where & 0x7F, where >> 7)))
        yield Out(at_s, bytes((CONTINUE if sixteenth else START,)))
        if self._has_mmc:
            yield Out(at_s, MMC_PLAY)

    def _stop(self, at_s: float) -> Iterator[Out]:
        self.runs = False
        yield Out(at_s, bytes((STOP,)))
        if self._has_mmc:
            yield Out(at_s, MMC_STOP)
