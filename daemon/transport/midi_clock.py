"""MIDI clock that comes in: 24 ticks a beat, start, stop, continue and song position.

Source: MIDI 1.0 Detailed Specification (MIDI Association, 1996), system real-time and song position pointer: after Start
the next tick is the song's first, after Continue the one where it stopped or was sent to. Ticks may be late by several
milliseconds, each by another: a delay-locked loop (`dsp.lock`) makes a line of them.
"""

from daemon.transport.source import Aim
from dsp.lock import Lock

TICKS = 24  # a beat
SIXTEENTH = 6  # ticks
LOST_S = 0.5  # without a tick, it is not there
ENOUGH = 4  # ticks, before it says how fast
SURE = 48  # ticks, from where on it is

CLOCK, START, CONTINUE, STOP, POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2


class MidiClock:
    """A `daemon.transport.source.Source`. Of several ports, the one that ticks is followed until it is lost. [main]"""

    def __init__(self, port: str = "") -> None:
        """`port`: only this one."""
        self._only, self._port = port, ""
        self._lock, self._number, self._at_s = Lock(), 0, 0.0  # the newest tick
        self._first = 0  # number of the tick that is the song's first
        self._next = 0  # song tick that comes next, where it is stopped or about to move
        self._is_stopped, self._is_moving, self._has_bar = True, False, False
        self._says = False  # whether it runs or not: one that was there before jamd may have started long ago
        self._moves = 0

    def feed(self, port: str, status: int, data1: int, data2: int, at_s: float) -> None:
        """A message of a MIDI input; others than those named above are passed over."""
        if self._only and port != self._only:
            return
        if self._port != port and (self._port and at_s < self._at_s + LOST_S):
            return
        self._says |= status in (START, CONTINUE, STOP)
        if status == CLOCK:
            self._tick(port, at_s)
        elif status == START:
            self._next, self._is_stopped, self._is_moving = 0, False, True
        elif status == CONTINUE:
            self._is_stopped, self._is_moving = False, True
        elif status == STOP:
            if not self._is_stopped and not self._is_moving:
                self._next = self._number + 1 - self._first
            self._is_stopped = True
            self._is_moving = False
        elif status == POSITION:
            self._next = (data1 | data2 << 7) * SIXTEENTH
            self._is_moving = not self._is_stopped

    def aim(self, now_s: float) -> Aim | None:
        """The line through the ticks, while they come."""
        lock = self._lock
        if lock.n < ENOUGH or now_s > self._at_s + LOST_S:
            return None
        beat = (lock.number - self._first) / TICKS
        rate = 1.0 / (TICKS * lock.period_s)
        playing = not self._is_stopped if self._says else None
        return Aim(lock.time_s, beat, rate, self._has_bar, playing, min(1.0, lock.n / SURE), self._moves)

    def _tick(self, port: str, at_s: float) -> None:
        if port != self._port or at_s > self._at_s + LOST_S:
            self._port, self._lock = port, Lock()
        at_s = max(at_s, self._at_s)  # the clock that stamps them may have moved between two
        self._number, self._at_s = self._number + 1, at_s
        self._lock.feed(self._number, at_s)
        if self._is_moving:
            self._first, self._is_moving, self._has_bar = self._number - self._next, False, True
            self._moves += 1
