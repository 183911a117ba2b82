"""What a generator is: it hears notes as they are played, and makes notes for a stretch of time."""

from collections.abc import Sequence
from typing import Protocol

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.note import Note, Played


class Generator(Protocol):
    """One part's player, by rule or by network. Made by its class without arguments."""

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Notes the player has just played (they are in `context.heard` too), to learn from. Microseconds a note."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """Notes that start in [context.tick, context.tick + ticks), in order of tick, and obey the constraints.

        A pure function of what was heard and the arguments. An answer lands: its last note is on a strong place.
        """


class Harmony(Protocol):
    """Foresees chords: what an accompaniment is built on while the player has not said where they go."""

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """As a Generator's."""

    def foresee(self, context: Context, beats: int) -> list[ChordSpan]:
        """Chords of the next `beats` beats from context.tick on, one span at each change, the first at context.tick."""
