"""A note in musical time. Everything that is generated counts in ticks: a tick is 1/24 of a quarter note."""

from typing import NamedTuple

TICKS = 24
"""Ticks in a quarter note, as in a MIDI clock."""

PARTS = ("melody", "chords", "bass", "drums", "counter")
MELODY, CHORDS, BASS, DRUMS, COUNTER = range(len(PARTS))
"""`part` of a note: who plays it."""


class Note(NamedTuple):
    """`tick` from where the pulse began, `duration` in ticks (1 or more), `pitch` MIDI 0-127, `velocity` 1-127."""

    tick: int
    duration: int
    pitch: int
    velocity: int = 80
    part: int = MELODY

    @property
    def end(self) -> int:
        """The first tick after it."""
        return self.tick + self.duration


class Played(NamedTuple):
    """A note as somebody played it: on the grid, and how far off the grid it was really (in ticks)."""

    tick: int
    duration: int
    pitch: int
    velocity: int
    part: int
    late: float = 0.0  # start as played, less `tick`
    longer: float = 0.0  # duration as played, less `duration`

    @property
    def end(self) -> int:
        """The first tick after it, on the grid."""
        return self.tick + self.duration
