"""Where and how a phrase ends: on a strong place, on a tone that rests, and early enough to leave a breath."""

import random
from collections.abc import Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, Meter
from daemon.generate.masks import Masks
from daemon.generate.note import MELODY, Note
from daemon.generate.rules.ladder import homes, nearest


def strength(tick: int, meter: Meter) -> int:
    """Metrical level of a place: 3 the bar's first beat, 2 the half of a bar of four, 1 a beat, 0 within a beat.

    F. Lerdahl and R. Jackendoff, *A Generative Theory of Tonal Music*, 1983: metrical well-formedness. [any]
    """
    beat, bar = max(1, meter.beat_ticks), max(1, meter.bar_ticks)
    phase = tick % bar
    if phase == 0:
        return 3
    if bar == 4 * beat and phase == 2 * beat:
        return 2
    return 1 if phase % beat == 0 else 0


def landing_tick(masks: Masks, context: Context, rng: random.Random) -> int | None:
    """Where the last note is to start: on the last bar's first beat, or its half; None: nothing may start at all. [any]

    A stretch that is too short for that lands on its last beat, or wherever it can.
    """
    free = np.flatnonzero(masks.starts([])) + masks.first
    if not len(free):
        return None
    meter, length = context.meter, masks.end - masks.first
    beat = max(1, meter.beat_ticks)
    half = [int(tick) for tick in free if masks.end - tick >= beat and tick - masks.first >= length / 2]
    strong = [tick for tick in half if strength(tick, meter) >= 2]
    if strong:
        downbeats = [tick for tick in strong if strength(tick, meter) == 3]
        return downbeats[-1] if downbeats and rng.random() < 0.7 else strong[-1]
    return max(half or [int(tick) for tick in free], key=lambda tick: (strength(tick, meter), tick))


def land(
    notes: list[Note],
    masks: Masks,
    context: Context,
    constraints: Constraints,
    tick: int,
    toward: float,
    velocity: int,
    line: Sequence[Note],
) -> None:
    """Append the last note, on the resting tone nearest to pitch `toward`; what stands in its way goes. [any]"""
    while notes and not (
        notes[-1].tick < tick and masks.starts(notes)[tick - masks.first] and masks.pitches(notes, tick).any()
    ):
        notes.pop()
    free = masks.pitches(notes, tick)
    pitch = resting(free, homes(context, constraints, tick, line), toward)
    if pitch is None:
        return
    beat = max(1, context.meter.beat_ticks)
    room = masks.end - tick
    note = Note(tick, 1, pitch, velocity, MELODY)
    held = min(room - beat // 2 if room > beat else room, 2 * beat)
    notes.append(note._replace(duration=max(1, min(masks.longest(notes, note), held))))


def resting(free: np.ndarray, homes: Sequence[int], toward: float) -> int | None:
    """The allowed pitch to rest on: of the best resting tone within reach of `toward`; None: none is allowed. [any]"""
    for reach in (7, 128):
        for home in homes:
            own = np.zeros(128, bool)
            own[home::12] = free[home::12]
            pitch = nearest(own, toward)
            if pitch is not None and abs(pitch - toward) <= reach:
                return pitch
    return nearest(free, toward)
