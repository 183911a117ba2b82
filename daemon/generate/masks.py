"""Constraints as masks: what may come next, given what has come. Whoever picks only what is allowed breaks none.

- key and scale: the performer's hold strictly. Where only the heard key is known, the chord's own tones may come too
  (the F# of a D7 in C). A key that nobody knows allows every pitch.
- chord: `always`, or on the beats, only its tones start. Where no chord is known, nothing follows from it.
- density: so many ticks at which something starts within a beat of the meter, counted from tick 0; a chord struck
  together is one start. Below 1 it is one start within ceil(1 / density) beats, such beats counted from tick 0 too.
- repetition: of the notes in the order they are listed.
- drums: range, key, chord, repetition say nothing; polyphony counts the drums that are struck at one tick.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import SCALES, ChordSpan, Context, Meter, chord_classes
from daemon.generate.judge import broken
from daemon.generate.note import DRUMS, MELODY, Note
from daemon.generate.scale import ConstraintError, key_of, scale_in_force

__all__ = ["ConstraintError", "Masks", "broken", "check", "longest", "pitches", "starts"]

_ALL = np.ones(128, bool)


@lru_cache(256)
def check(constraints: Constraints) -> None:
    """Raise ConstraintError, which names the constraint and the remedy, unless all mean something together. [any]"""
    try:
        msgspec.convert(msgspec.to_builtins(constraints), Constraints)
    except msgspec.ValidationError as error:
        raise ConstraintError(f"constraint: {str(error).replace(' - at `$.', ' for `')}") from None
    if constraints.key:
        key_of(constraints.key)
    if constraints.scale and constraints.scale not in SCALES:
        raise ConstraintError(f"scale {constraints.scale!r} is not known; choose one of {', '.join(SCALES)}")
    if constraints.low > constraints.high:
        raise ConstraintError(f"low {constraints.low} is above high {constraints.high}; exchange them")


class Masks:
    """What may come next in one stretch of one part: made once for it, then asked for each note in microseconds. [any]

    `so_far` is what the stretch has, in order of tick; what comes next does not start before its last.
    """

    def __init__(self, context: Context, constraints: Constraints, ticks: int, part: int = MELODY) -> None:
        """Raises ConstraintError."""
        check(constraints)
        self.first, self.end = context.tick, context.tick + max(0, ticks)
        self.beat = max(1, context.meter.beat_ticks)
        self.is_drums = part == DRUMS
        self.polyphony, self.repetition = constraints.polyphony, constraints.repetition
        self.most = max(1, int(constraints.density))
        self.window = self.beat * (1 if constraints.density >= 1 else math.ceil(1 / max(constraints.density, 1e-6)))
        self._changes = [span.tick for span in context.chords]
        self._pitches = self._by_chord(context, constraints)
        self._starts = self._on_grid(constraints.grid)

    def starts(self, so_far: Sequence[Note]) -> np.ndarray:
        """Where the next note may start: bool, shape (ticks,), from the stretch's first tick on."""
        free = self._starts.copy()
        if not so_far:
            return free
        last = so_far[-1][0]
        at = last - self.first
        free[: max(0, at)] = False
        if self._density_is_full(so_far, last):
            free[max(0, at + 1) : max(0, (last // self.window + 1) * self.window - self.first)] = False
        if self.is_drums:
            if self._struck(so_far, last) >= self.polyphony:
                free[max(0, at) : max(0, at + 1)] = False
        elif len(so_far) >= self.polyphony:
            ends = [note[0] + note[1] for note in so_far]
            opens = max(ends) if self.polyphony == 1 else sorted(ends)[-self.polyphony]
            free[: max(0, opens - self.first)] = False
        return free

    def pitches(self, so_far: Sequence[Note], tick: int) -> np.ndarray:
        """Which pitches may start at `tick`: bool, shape (128,). All False: no note does."""
        if self.is_drums:
            return _ALL.copy() if self._struck(so_far, tick) < self.polyphony else ~_ALL
        free = self._pitches[bisect_right(self._changes, tick)][tick % self.beat == 0].copy()
        if so_far:
            sounding = [note[2] for note in so_far if note[0] + note[1] > tick]
            if len(sounding) >= self.polyphony:
                return ~_ALL
            free[sounding] = False
            if len(so_far) >= self.repetition and len({note[2] for note in so_far[-self.repetition :]}) == 1:
                free[so_far[-1][2]] = False
        return free

    def longest(self, so_far: Sequence[Note], note: Note) -> int:
        """How long `note` may last at most, 1 or more; `so_far` may have later notes, which it leaves in peace."""
        end = self.end
        if not self.is_drums:
            for later in so_far:
                if note.tick < later.tick < end and (
                    later.pitch == note.pitch
                    or sum(other.tick <= later.tick < other.end for other in so_far) >= self.polyphony
                ):
                    end = later.tick
        return max(1, end - note.tick)

    def _by_chord(self, context: Context, constraints: Constraints) -> list[tuple[np.ndarray, np.ndarray]]:
        """Pitches (off the beat, on it) before the first chord, under each chord."""
        scale = scale_in_force(context, constraints)
        is_strict = bool(constraints.key or constraints.scale)
        known: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}
        found, reach = [], (constraints.low, constraints.high)
        for span in (None, *context.chords):
            tones = chord_classes(span) if span is not None else ()
            if tones not in known:
                allowed = set(range(12) if scale is None else scale if is_strict else (*scale, *tones))
                under = allowed.intersection(tones) if tones and constraints.chord != "free" else allowed
                off = under if constraints.chord == "always" else allowed
                known[tones] = (_spread(frozenset(off), *reach), _spread(frozenset(under), *reach))
            found.append(known[tones])
        return found

    def _on_grid(self, grid: int) -> np.ndarray:
        """The stretch's ticks at which anything could start."""
        free = np.zeros(self.end - self.first, bool)
        free[-self.first % grid :: grid] = True
        kinds = {id(pair): pair for pair in self._pitches}.values()
        if self.is_drums or all(off.any() and on.any() for off, on in kinds):
            return free
        for i in np.flatnonzero(free):
            tick = self.first + int(i)
            free[i] = self._pitches[bisect_right(self._changes, tick)][tick % self.beat == 0].any()
        return free

    def _density_is_full(self, so_far: Sequence[Note], last: int) -> bool:
        begin = last - last % self.window
        count, before = 0, None
        for note in reversed(so_far):
            if note[0] < begin:
                break
            count += note[0] != before
            before = note[0]
        return count >= self.most

    @staticmethod
    def _struck(so_far: Sequence[Note], tick: int) -> int:
        return sum(note[0] == tick for note in so_far[-32:])


@lru_cache(1024)
def _spread(classes: frozenset[int], low: int, high: int) -> np.ndarray:
    """Pitch classes to the pitches within a range. Not to be written to."""
    free = np.zeros(128, bool)
    for pitch_class in classes:
        free[pitch_class::12] = True
    free[:low] = False
    free[high + 1 :] = False
    return free


@lru_cache(64)
def _made(
    tick: int,
    key: tuple[int, int, float],
    chords: tuple[ChordSpan, ...],
    meter: Meter,
    constraints: Constraints,
    ticks: int,
    part: int,
) -> Masks:
    tonic, mode, confidence = key
    context = Context(tick=tick, tonic=tonic, mode=mode, key_confidence=confidence, chords=chords, meter=meter)
    return Masks(context, constraints, ticks, part)


def _masks(context: Context, constraints: Constraints, ticks: int, part: int) -> Masks:
    """Masks, kept from the last calls for the same."""
    key = (context.tonic, context.mode, context.key_confidence)
    return _made(context.tick, key, context.chords, context.meter, constraints, ticks, part)


def starts(
    context: Context, constraints: Constraints, so_far: Sequence[Note], ticks: int, part: int = MELODY
) -> np.ndarray:
    """Where the next note may start: bool, shape (ticks,), from context.tick on; not before the last of `so_far`."""
    return _masks(context, constraints, ticks, part).starts(so_far)


def pitches(
    context: Context, constraints: Constraints, so_far: Sequence[Note], tick: int, part: int = MELODY
) -> np.ndarray:
    """Which pitches may start at `tick`: bool, shape (128,). All False: none, so no note starts there."""
    return _masks(context, constraints, 0, part).pitches(so_far, tick)


def longest(context: Context, constraints: Constraints, so_far: Sequence[Note], note: Note, ticks: int) -> int:
    """How long `note` may last at most, 1 or more: notes end by context.tick + ticks."""
    return _masks(context, constraints, ticks, note.part).longest(so_far, note)
