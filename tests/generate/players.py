"""What the tests of an accompaniment share: changes by name, a band's long run in stretches, what must always hold."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.masks import broken
from daemon.generate.note import Note
from dsp.harmony import CHORD_QUALITIES, PITCH_CLASSES
from tests.generate.music import constraints, contexts

BAR = 96


def chord(name: str, tick: int = 0) -> ChordSpan:
    """`G:7` at a tick."""
    root, _, quality = name.partition(":")
    return ChordSpan(tick, PITCH_CLASSES.index(root), CHORD_QUALITIES.index(quality))


def changes(names: str, each: int = BAR) -> tuple[ChordSpan, ...]:
    """`D:min7 G:7 C:maj7`, one every `each` ticks."""
    return tuple(chord(name, index * each) for index, name in enumerate(names.split()))


def in_c(**fields: Any) -> Context:
    """Nobody has played, in C major."""
    return Context(**{"tick": 0, "tonic": 0, "mode": 0, "key_confidence": 1.0, **fields})


def run(player: Any, context: Context, wish: Constraints, ticks: int, stretch: int) -> list[Note]:
    """What a player makes of `ticks`, asked for `stretch` at a time, and told what it did."""
    notes: list[Note] = []
    for tick in range(context.tick, context.tick + ticks, stretch):
        now = msgspec.structs.replace(context, tick=tick, own=(*context.own, *notes)[-256:])
        notes += player.play(now, wish, stretch)
    return notes


def holds(player: Any, examples: int = 25) -> None:
    """Whoever plays, and whatever is asked: no constraint is broken, and the same comes again."""

    @settings(max_examples=examples, deadline=None)
    @given(contexts(12), constraints(), some.integers(0, 400), some.floats(0, 1), some.floats(0, 12))
    def run_it(context: Context, wish: Constraints, ticks: int, energy: float, density: float) -> None:
        now = msgspec.structs.replace(context, energy=energy, density=density)
        notes = player.play(now, wish, ticks)
        assert broken(notes, now, wish, ticks) == []
        assert player.play(now, wish, ticks) == notes
        again = msgspec.structs.replace(now, tick=now.tick + ticks, own=tuple(notes))
        assert broken(player.play(again, wish, 96), again, wish, 96) == []

    run_it()


def at(notes: Sequence[Note], tick: int) -> list[int]:
    """The pitches that start at a tick."""
    return [note.pitch for note in notes if note.tick == tick]
