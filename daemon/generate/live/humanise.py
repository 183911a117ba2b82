"""From the grid to the hand: swing, and small seeded departures from exact time.

Swing moves the second of two eighths (C. Waadeland, "'It don't mean a thing if it ain't got that swing'", J. New Music
Research 30(1), 2001); the departures are normal ones, as measured by R. Rasch (Acustica 43(2), 1979).
"""

import random
from collections.abc import Iterable
from typing import NamedTuple

from daemon.generate.context import Meter
from daemon.generate.note import TICKS, Note

STRAIGHT = 0.5
FURTHEST = 2.0
"""How many standard deviations from exact a note may be."""


class Timed(NamedTuple):
    """A note ready to be played: in ticks from where the pulse began, not whole ones, and `late_s` beside them."""

    tick: float
    end: float
    pitch: int
    velocity: int
    part: int
    late_s: float = 0.0


def humanise(notes: Iterable[Note], meter: Meter, swing: float, timing_s: float, seed: int) -> list[Timed]:
    """Notes as a person would play them. `timing_s` is a standard deviation; what falls on a bar line stays on it."""
    found = []
    for note in notes:
        start, end = swung(note.tick, meter, swing), swung(note.end, meter, swing)
        late_s = 0.0
        if timing_s > 0.0 and note.tick % meter.bar_ticks:
            dice = random.Random(f"{seed} {note.part} {note.tick} {note.pitch}")
            late_s = max(-FURTHEST, min(FURTHEST, dice.gauss(0.0, 1.0))) * timing_s
        found.append(Timed(start, max(end, start + 0.5), note.pitch, note.velocity, note.part, late_s))
    return found


def swung(tick: int, meter: Meter, swing: float) -> float:
    """Where a tick of a straight grid falls. Triplets, and meters whose beat has three parts, stay as they are."""
    place = tick % TICKS
    if swing == STRAIGHT or meter.beat_ticks != TICKS or place % (TICKS // 4):
        return float(tick)
    middle = TICKS // 2
    if place <= middle:
        return tick - place + place * swing / STRAIGHT
    return tick - place + TICKS - (TICKS - place) * (1.0 - swing) / STRAIGHT
