"""The schedule: notes wait in ticks and become samples only a moment before they sound, so that they follow the tempo.

Whatever happens, each note-on that left is followed by its note-off. A receiver has one voice for a pitch on a channel, so
a note that sounds already is ended on the sample on which it is struck again.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from daemon.generate.live.humanise import Timed

AHEAD_S = 0.08
"""How long before its sample a note is handed on: more than the daemon's main thread is ever busy."""
LATE_S = 0.1  # a note that could not be handed on by then is left out
EARLY_S = 0.1  # and as early as a person may be, it is looked at before
SHORTEST_S = 0.01


class Out(Protocol):
    """Where notes leave, as daemon.midi.desk.MidiDesk: ports by name, channels 0-15. [main]"""

    def note_on(self, port: str, channel: int, note: int, velocity: int, at: int | None = None) -> bool:
        """At a sample; False: the port is not open, nothing left."""

    def note_off(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        """At a sample, which is not before that of its note-on."""

    def panic(self, port: str) -> None:
        """Take back what waits, and end all that sounds."""


class Sent(NamedTuple):
    """A note-on or note-off that was handed on, for sample `at`."""

    at: int
    part: int
    port: str
    channel: int
    pitch: int
    velocity: int
    on: bool


class _Sounding(NamedTuple):
    since: int  # sample
    end: float
    late_s: float
    part: int


class _Waiting(NamedTuple):
    tick: float
    number: int
    note: Timed
    channel: int
    ports: tuple[str, ...]


Key = tuple[str, int, int]
"""(port, channel, pitch): a voice of a receiver."""


class Schedule:
    """All parts' notes. [main]"""

    def __init__(self, out: Out, sample_at: Callable[[float], int]) -> None:
        """`sample_at` is the pulse's, asked anew each time."""
        self.left_out = 0  # notes that came too late to be played
        self._out, self._sample_at, self._rate = out, sample_at, 48000
        self._waiting: list[_Waiting] = []  # a heap
        self._sounding: dict[Key, _Sounding] = {}
        self._ports: set[str] = set()
        self._count = 0

    def begin(self, rate: int, sample_at: Callable[[float], int]) -> None:
        """A new stream, in which nothing waits or sounds."""
        self._rate, self._sample_at = rate, sample_at
        self._waiting, self._sounding = [], {}

    def add(self, notes: Iterable[Timed], channel: int, ports: Sequence[str]) -> None:
        """Let notes be played on a channel (0-15) of each of these ports."""
        for note in notes:
            self._count += 1
            heapq.heappush(self._waiting, _Waiting(note.tick, self._count, note, channel, tuple(ports)))

    def turn(self, now: int) -> list[Sent]:
        """Hand on what is due soon. `now`: the stream's sample time."""
        horizon = now + round(AHEAD_S * self._rate)
        due, kept = [], []
        while self._waiting and self._at(self._waiting[0].tick, -EARLY_S) <= horizon:
            waiting = heapq.heappop(self._waiting)
            at = self._at(waiting.tick, waiting.note.late_s)
            if at > horizon:
                kept.append(waiting)
            elif at < now - round(LATE_S * self._rate):
                self.left_out += 1
            else:
                due.append((max(at, now), waiting))
        for waiting in kept:
            heapq.heappush(self._waiting, waiting)
        sent: list[Sent] = []
        for at, (_, _, note, channel, ports) in sorted(due, key=lambda one: one[0]):
            for port in ports:
                sent += self._strike(at, note, (port, channel, note.pitch))
        for key in list(self._sounding):
            if self._end_at(key) <= horizon:
                sent.append(self._end(key, max(now, self._end_at(key))))
        return sent

    def cut(self, parts: Collection[int], tick: float) -> None:
        """What these parts have begun before a tick ends there."""
        for key, sounding in self._sounding.items():
            if sounding.part in parts and sounding.end > tick:
                self._sounding[key] = sounding._replace(end=tick, late_s=0.0)
        self._waiting = [one._replace(note=_ended(one.note, parts, tick)) for one in self._waiting]

    def retract(self, parts: Collection[int], tick: float) -> None:
        """Take back what these parts were to play from a tick on, and end there what they hold."""
        self._waiting = [one for one in self._waiting if one.note.part not in parts or one.tick < tick]
        heapq.heapify(self._waiting)
        self.cut(parts, tick)

    def panic(self, now: int) -> list[Sent]:
        """Take back everything and end everything, at once."""
        self._waiting = []
        sent = [
            Sent(max(now, sounding.since), sounding.part, *key, 0, False) for key, sounding in self._sounding.items()
        ]
        self._sounding = {}
        for port in sorted(self._ports):
            self._out.panic(port)
        return sent

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing sounds."""
        return not (self._waiting or self._sounding)

    def _at(self, tick: float, late_s: float) -> int:
        return self._sample_at(tick) + round(late_s * self._rate)

    def _end_at(self, key: Key) -> int:
        sounding = self._sounding[key]
        return max(self._at(sounding.end, sounding.late_s), sounding.since + round(SHORTEST_S * self._rate))

    def _strike(self, at: int, note: Timed, key: Key) -> list[Sent]:
        sent = []
        if key in self._sounding:
            at = max(at, self._sounding[key].since + 1)
            sent.append(self._end(key, min(at, self._end_at(key))))
        if self._out.note_on(*key, note.velocity, at):
            self._ports.add(key[0])
            self._sounding[key] = _Sounding(at, note.end, note.late_s, note.part)
            sent.append(Sent(at, note.part, *key, note.velocity, True))
        return sent

    def _end(self, key: Key, at: int) -> Sent:
        sounding = self._sounding.pop(key)
        self._out.note_off(*key, at)
        return Sent(at, sounding.part, *key, 0, False)


def _ended(note: Timed, parts: Collection[int], tick: float) -> Timed:
    is_held = note.part in parts and note.tick < tick < note.end
    return note._replace(end=tick) if is_held else note
