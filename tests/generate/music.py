"""Random players and performers' wishes, for the tests of everything that generates."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as some

from daemon.generate.constraints import Constraints
from daemon.generate.context import SCALES, ChordSpan, Context, Meter
from daemon.generate.note import BASS, CHORDS, DRUMS, MELODY, Note, Played
from dsp.harmony import CHORD_QUALITIES, PITCH_CLASSES

METERS = [Meter(*meter) for meter in ((4, 4), (3, 4), (2, 4), (5, 4), (6, 8), (12, 8), (7, 8), (2, 2))]
KEYS = ["", *(f"{tonic} {mode}" for tonic in PITCH_CLASSES for mode in ("major", "minor"))]
PARTS = [MELODY, BASS, CHORDS, DRUMS]


@some.composite
def constraints(draw: some.DrawFn) -> Constraints:
    """Anything a performer may ask, down to what leaves hardly a note."""
    low, high = sorted((draw(some.integers(0, 127)), draw(some.integers(0, 127))))
    return Constraints(
        key=draw(some.sampled_from(KEYS)),
        scale=draw(some.sampled_from(["", *SCALES])),
        chord=draw(some.sampled_from(["free", "beats", "always"])),
        low=low,
        high=high,
        density=draw(some.one_of(some.sampled_from([1.0, 2.0, 4.0]), some.floats(0.0, 24.0, exclude_min=True))),
        polyphony=draw(some.integers(1, 16)),
        grid=draw(some.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]) | some.integers(1, 24)),
        repetition=draw(some.integers(1, 64)),
        closeness=draw(some.floats(0.0, 1.0)),
        temperature=draw(some.floats(0.0, 4.0)),
        top_p=draw(some.floats(0.0, 1.0, exclude_min=True)),
        seed=draw(some.integers(-(2**40), 2**40)),
    )


def heard(most: int = 40) -> some.SearchStrategy[tuple[Played, ...]]:
    """What somebody has played: nothing, a line, everything at once."""
    note = some.builds(
        Played,
        some.integers(0, 384),
        some.integers(1, 400),
        some.integers(0, 127),
        some.integers(1, 127),
        some.just(MELODY),
        some.floats(-3, 3),
        some.floats(-3, 3),
    )
    few = some.lists(note, max_size=most).map(lambda notes: tuple(sorted(notes)))
    return few | some.builds(busy, some.integers(0, 2**32), some.integers(0, 4 * most)) if most else some.just(())


def busy(seed: int, count: int) -> tuple[Played, ...]:
    """A player who runs about the keyboard for four bars, `count` notes."""
    rng = random.Random(seed)
    return tuple(
        Played(
            tick, rng.choice((6, 12, 24)), rng.choice((60, 62, 63, 67, rng.randrange(128))), rng.randint(1, 127), MELODY
        )
        for tick in sorted(rng.randrange(0, 384, rng.choice((1, 6, 6))) for _ in range(count))
    )


@some.composite
def contexts(draw: some.DrawFn, most: int = 40) -> Context:
    """A player in some key, meter and harmony, known or not."""
    notes = draw(heard(most))
    tick = draw(some.sampled_from([384, 480]) | some.integers(0, 800))
    spans = draw(
        some.lists(
            some.builds(
                ChordSpan,
                some.integers(0, 1200),
                some.integers(0, 11),
                some.integers(0, len(CHORD_QUALITIES) - 1),
                some.integers(-1, 11),
            ),
            max_size=6,
            unique_by=lambda span: span.tick,
        )
    )
    return Context(
        tick=tick,
        heard=notes,
        phrase=draw(some.integers(0, len(notes))),
        tonic=draw(some.integers(0, 11)),
        mode=draw(some.integers(0, 1)),
        key_confidence=draw(some.sampled_from([0.0, 0.7])),
        chords=tuple(sorted(spans, key=lambda span: span.tick)),
        meter=draw(some.sampled_from(METERS)),
        swing=draw(some.floats(0.5, 0.75)),
        velocity=draw(some.floats(1, 127)),
    )


G_TUNE = (
    *((0, 12, 67), (12, 12, 69), (24, 24, 71), (48, 12, 74), (60, 12, 71), (72, 24, 69)),
    *((96, 12, 67), (108, 12, 64), (120, 24, 62), (144, 48, 67)),
    *((192, 12, 67), (204, 12, 69), (216, 24, 71), (240, 12, 74), (252, 12, 76), (264, 24, 74)),
    *((288, 24, 71), (312, 24, 69), (336, 36, 67)),
)
"""Four bars in G: tick, duration, pitch."""


def tune(
    notes: Sequence[tuple[int, int, int]], meter: Meter = METERS[0], chords: tuple[ChordSpan, ...] = (), tonic: int = 7
) -> Context:
    """What is known when a tune in a major key, G, has just been played, at the next bar line."""
    heard = tuple(Played(tick, duration, pitch, 90, MELODY) for tick, duration, pitch in notes)
    tick = -(-(heard[-1].tick + 1) // meter.bar_ticks) * meter.bar_ticks
    return Context(tick=tick, heard=heard, tonic=tonic, mode=0, key_confidence=1.0, chords=chords, meter=meter)


def groove(notes: Sequence[Note], others: Sequence[Note], bar: int = 96) -> float:
    """Cosine of two onset patterns, summed over bars."""
    one, two = (Counter(note.tick % bar for note in line) for line in (notes, others))
    dot = sum(one[phase] * two[phase] for phase in one)
    return dot / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in two.values()) or 1.0)


def likeness(notes: Sequence[Note], others: Sequence[Note]) -> float:
    """How many of the figures of three notes (intervals, steps in time) are among the others'."""

    def figures(line: Sequence[Note]) -> list[tuple[int, ...]]:
        steps = [(two.tick - one.tick, two.pitch - one.pitch) for one, two in pairwise(line)]
        return [(*one, *two) for one, two in pairwise(steps)]

    known = set(figures(others))
    own = figures(notes)
    return sum(figure in known for figure in own) / max(1, len(own))
