"""The changes: which chord is played over at any tick, known or not."""

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.note import Note
from daemon.generate.scale import key_in_force
from dsp.harmony import CHORD_QUALITIES

Key = tuple[int, int]
"""Tonic (pitch class) and mode (0 major, 1 minor)."""


class Changes:
    """The chords of a stretch. The last one goes on; where none is known it is the key's own triad."""

    def __init__(self, context: Context, constraints: Constraints) -> None:
        self.key: Key | None = key_in_force(context, constraints)
        tonic, mode = self.key or (context.tonic, context.mode)
        home = ChordSpan(0, tonic, CHORD_QUALITIES.index("min" if mode else "maj"))
        self._spans: list[ChordSpan] = [home]
        for given in context.chords:
            span = given if given.quality else ChordSpan(given.tick, home.root, home.quality)
            last = self._spans[-1]
            if (span.root, span.quality, span.bass) != (last.root, last.quality, last.bass):
                self._spans.append(span)

    def at(self, tick: int) -> ChordSpan:
        """The chord that is played over at a tick."""
        found = self._spans[0]
        for span in self._spans[1:]:
            if span.tick > tick:
                break
            found = span
        return found

    def between(self, first: int, end: int) -> list[int]:
        """The ticks after `first` and before `end` at which the chord changes."""
        return [span.tick for span in self._spans[1:] if first < span.tick < end]


def bass_of(span: ChordSpan) -> int:
    """The pitch class in the bass."""
    return span.root if span.bass < 0 else span.bass


def last_struck(own: tuple[Note, ...], part: int, tick: int) -> list[Note]:
    """What a part struck last before `tick`, lowest first: a chord's notes, or one."""
    before = [note for note in own if note.part == part and note.tick < tick]
    return sorted((note for note in before if note.tick == before[-1].tick), key=lambda note: note.pitch)


def sounds_on(own: tuple[Note, ...], part: int, tick: int) -> bool:
    """Whether something that a part struck before `tick` sounds on after it."""
    return any(note.part == part and note.tick < tick < note.end for note in own[-64:])
