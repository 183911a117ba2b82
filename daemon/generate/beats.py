"""What the player's notes amount to beat by beat: which pitch classes sound and are struck, and where that came before.

What harmony is guessed from. Pitch classes are absolute here; whoever reads them turns them to the tonic.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from daemon.generate.context import Meter
from daemon.generate.note import TICKS

LONGEST = 16  # beats of a melody that are looked for in its past
CANDIDATES = 32  # of the places where its last beat came before, the latest so many


class Beat(NamedTuple):
    """One beat's place. `place` 0 is the downbeat; `of` beats make its bar; `bar` counts from tick 0."""

    tick: int
    ticks: int
    place: int
    of: int
    bar: int
    compound: bool  # three eighths long


HEARD = np.dtype(
    [
        ("sounding", np.float32, 12),  # how long each pitch class sounds, in beats
        ("struck", np.float32, 12),  # notes that start, more where the beat is strong
        ("last", np.int8),  # the pitch that sounds last, -1: none
        ("low", np.int8),  # the lowest pitch, -1: none
        ("starts", np.int16),  # notes that start
        ("together", np.int8),  # pitch classes that sound at once, at most
        ("same", np.int64),  # equal for beats with the same notes at the same places
    ]
)
"""Of one beat."""


def beat_at(tick: int, meter: Meter) -> int:
    """The number of the beat that a tick lies in, of one meter from tick 0 on."""
    return tick // meter.beat_ticks


def beat(number: int, meter: Meter) -> Beat:
    """The `number`th beat of one meter from tick 0 on."""
    ticks = meter.beat_ticks
    of = max(1, meter.bar_ticks // ticks)
    return Beat(number * ticks, ticks, number % of, of, number // of, ticks != meter.unit_ticks)


def line(meters: Sequence[tuple[int, int, int]], end: int) -> list[Beat]:
    """The beats of a written piece until tick `end`; `meters` (tick, beats, unit), each from a downbeat."""
    found: list[Beat] = []
    bar = 0
    for k, (first, count, unit) in enumerate(meters):
        until = meters[k + 1][0] if k + 1 < len(meters) else end
        meter = Meter(count, unit)
        number = -(-max(0, until - first) // meter.beat_ticks)
        some = [beat(n, meter) for n in range(number)]
        found += [one._replace(tick=one.tick + first, bar=one.bar + bar) for one in some]
        bar = found[-1].bar + 1 if found else 0
    return found


def measure(beats: Sequence[Beat], notes: Iterable[tuple[int, int, int]]) -> np.ndarray:
    """What sounds in each of successive beats: (len(beats),) of HEARD. `notes` (tick, duration, pitch) by tick."""
    heard = np.zeros(len(beats), HEARD)
    heard["last"] = heard["low"] = -1
    within: list[list[tuple[int, int, int]]] = [[] for _ in beats]
    first = 0
    for note in notes:
        while first < len(beats) and beats[first].tick + beats[first].ticks <= note[0]:
            first += 1
        k = first
        while k < len(beats) and beats[k].tick < note[0] + note[1]:
            within[k].append(note)
            k += 1
    for k, (one, some) in enumerate(zip(beats, within, strict=True)):
        if some:
            _fill(heard[k], one, some)
    return heard


def _fill(heard: np.void, beat: Beat, notes: list[tuple[int, int, int]]) -> None:
    """One beat's, from the notes that sound within it."""
    sounding, struck = heard["sounding"], heard["struck"]
    end = beat.tick + beat.ticks
    for tick, duration, pitch in notes:
        since = max(tick, beat.tick)
        sounding[pitch % 12] += (min(tick + duration, end) - since) / beat.ticks
        if tick >= beat.tick:
            heard["starts"] += 1
            struck[pitch % 12] += 1.0 if tick == beat.tick else 0.5 if (tick - beat.tick) * 2 == beat.ticks else 0.25
    heard["last"] = max(notes, key=lambda n: (min(n[0] + n[1], end), n[0], n[2]))[2]
    heard["low"] = min(pitch for _, _, pitch in notes)
    if len(notes) > 1:
        heard["together"] = max(
            len({p % 12 for t, d, p in notes if t <= now < t + d}) for now in {max(n[0], beat.tick) for n in notes}
        )
    else:
        heard["together"] = 1
    heard["same"] = hash(tuple(sorted(((t - beat.tick) * TICKS // beat.ticks if t >= beat.tick else -1, p)
                                      for t, _, p in notes)))  # fmt: skip


def before(heard: np.ndarray, places: np.ndarray, k: int) -> tuple[int, int]:
    """Where beat `k` and the beats that led to it came before: (that beat, for how many beats alike); (-1, 0): nowhere.

    The longest such place at the same place in the bar, of equally long ones the latest.
    """
    same = heard["same"]
    found = np.flatnonzero((same[:k] == same[k]) & (places[:k] == places[k]))[-CANDIDATES:]
    if not len(found):
        return -1, 0
    length = 1
    while length < LONGEST:
        on = found[(found >= length) & (same[found - length] == same[k - length])] if k >= length else found[:0]
        if not len(on):
            break
        found, length = on, length + 1
    return int(found[-1]), length
