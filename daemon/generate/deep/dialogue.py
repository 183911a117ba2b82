"""What player and jamd have played, told to the network note by note; what it has been told already is not told again."""

from typing import NamedTuple

import numpy as np

from daemon.generate.context import Context
from daemon.generate.deep import alphabet, rows
from daemon.generate.deep.alphabet import VALUES
from daemon.generate.deep.network import Network, Stream
from daemon.generate.note import DRUMS, MELODY, Note, Played

MOST = 160  # notes told
BARS = 8  # the oldest of them are left out by so many bars at once
UNKNOWN = 2  # mode


class Told(NamedTuple):
    """A note of the stream, and where its count begins as seen from there."""

    note: tuple[int, int, int, int, int]  # tick, minus pitch, duration, velocity, part: in this order they sort
    base: int


class Dialogue:
    """A stream that follows the context. [worker]"""

    def __init__(self, network: Network, style: int, has_parts: bool) -> None:
        """`style`: place in alphabet.STYLES; `has_parts`: all parts but drums are told, else the melody's line."""
        self._network, self._style, self._has_parts = network, style, has_parts
        self._made_for: tuple[int, ...] = ()
        self._stream: Stream | None = None
        self._told: list[Told] = []

    def at(self, context: Context) -> tuple[Stream, int]:
        """The stream when all before context.tick is told, and the tick that its count begins at, seen from there.

        A rest of many bars loses whole bars, so the next note may be counted from another tick than the first.
        """
        bar = max(1, context.meter.bar_ticks)
        notes = self._line(context, bar)
        first = notes[0][0] - notes[0][0] % bar if notes else context.tick - context.tick % bar
        known = context.key_confidence > 0
        shift, mode = (alphabet.tonic_shift(context.tonic), context.mode) if known else (0, UNKNOWN)
        stream = self._begun((shift, mode, bar, first), notes)
        base = self._told[-1].base if self._told else first
        for note in notes[len(self._told) :]:
            tick, pitch, duration, velocity, part = note
            place = alphabet.on_grid(tick)
            base = _within_reach(place, base, stream, bar)
            time = alphabet.symbol(place - base - stream.onset)
            stream.feed(time, -pitch, max(1, alphabet.symbol(duration)), velocity, part)
            self._told.append(Told(note, base))
        return stream, _within_reach(context.tick + bar, base, stream, bar)

    def _begun(self, made_for: tuple[int, ...], notes: list[tuple[int, int, int, int, int]]) -> Stream:
        """The stream, told as much of the notes as it was before."""
        shift, mode, bar, _ = made_for
        if self._stream is None or made_for != self._made_for:
            setting = np.zeros(1, rows.SETTING)
            setting["shift"], setting["mode"], setting["style"] = shift, mode, self._style
            setting["texture"] = int(self._has_parts)
            self._stream = Stream(self._network, setting[0], np.array([[0, bar]], np.int64))
            self._made_for, self._told = made_for, []
        same = 0
        while same < min(len(self._told), len(notes)) and self._told[same].note == notes[same]:
            same += 1
        if same < len(self._told):
            self._told = self._told[:same]
            last = self._told[-1].note if self._told else (0, 0, 0, 0, 0)
            self._stream.rewind(same, last[3], last[4])
        return self._stream

    def _line(self, context: Context, bar: int) -> list[tuple[int, int, int, int, int]]:
        """The notes to be told, in order; of a melody the highest of those that start together."""
        played: list[Note | Played] = [*context.heard, *context.own]
        found = sorted(
            (note.tick, -note.pitch, note.duration, note.velocity, note.part)
            for note in played
            if note.tick < context.tick and (note.part != DRUMS if self._has_parts else note.part == MELODY)
        )
        if not self._has_parts:
            found = [note for k, note in enumerate(found) if k == 0 or note[0] > found[k - 1][0]]
        if len(found) > MOST:
            step = BARS * bar
            begin = -(-found[-MOST][0] // step) * step
            found = [note for note in found if note[0] >= begin] or found[-MOST // 2 :]
        return found


def _within_reach(tick: int, base: int, stream: Stream, bar: int) -> int:
    """The base from which a note at `tick` can be counted in one symbol."""
    return base + max(0, -(-(tick - base - stream.onset - int(VALUES[-1])) // bar)) * bar
