"""A counter-line: a second voice to what the player plays, by the rules of species counterpoint."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, Meter, chord_classes
from daemon.generate.masks import Masks
from daemon.generate.note import COUNTER, Note, Played
from daemon.generate.rules import rhythm, styles, touch
from daemon.generate.rules.changes import Changes

CONSONANT = {0, 3, 4, 7, 8, 9}
PERFECT = {0, 7}
"""Semitones between two voices, less octaves. The fourth is a dissonance, as in two parts."""

_LEAP = (4.0, 0.0, 0.0, 1.5, 2.0, 3.0, 15.0, 4.0, 6.0, 7.0, 15.0, 20.0, 8.0)
"""What a melodic interval costs, by semitones: steps are free, tritones and sevenths dear."""
_NEVER = 1000.0
_REMEMBERED = 8
"""Notes back to which a line is one line."""


class Moment(NamedTuple):
    """The two voices at a time: the player's pitch (None: rests) and the counter-line's."""

    cantus: int | None
    counter: int


class Species:
    """Plays the part COUNTER: few notes while the player plays many, more while they hold one or rest.

    J. J. Fux, *Gradus ad Parnassum*, 1725: consonance on the beat, dissonance only in passing, contrary motion, no
    parallel fifths and octaves, a leap is turned back by a step. That rules cost, and the cheapest note is taken:
    W. Schottstaedt, *Automatic Species Counterpoint*, CCRMA STAN-M-19, 1984.
    """

    def __init__(self, style: str = "pop") -> None:
        """`style` by bare name or path. Raises StyleError."""
        self.style = styles.load(style)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt: the context says it all."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As a Generator's. Notes in `context.heard` beyond its tick, where they are known, are reckoned with. [any]"""
        masks, changes, line = (
            Masks(context, constraints, ticks, COUNTER),
            Changes(context, constraints),
            _Line(context),
        )
        own = [note for note in context.own if note.part == COUNTER and note.tick < context.tick][-_REMEMBERED:]
        past = [Moment(line.at(note.tick), note.pitch) for note in own]
        home = _home(context, constraints)
        notes: list[Note] = []
        for tick, length, mark in self._steps(context, constraints, line, ticks):
            if not masks.starts(notes)[tick - context.tick]:
                continue
            dice = rhythm.draw(constraints.seed, "counter", tick)
            cantus = line.at(tick)
            tones = chord_classes(changes.at(tick))
            allowed = masks.pitches(notes, tick)
            weight = 2 if _is_strong(tick, context.meter) else 1 if mark == "x" else 0
            costs = [
                (_cost(Moment(cantus, pitch), past[-_REMEMBERED:], tones, weight, home, dice), pitch)
                for pitch in range(128)
                if allowed[pitch] and (not past or abs(pitch - past[-1].counter) <= 12)
            ]
            cost, pitch = min(costs, default=(_NEVER, 0))
            if cost >= _NEVER:
                continue
            hard = touch.velocity(context, mark, self.style.humanise.velocity, dice)
            notes.append(Note(tick, length, pitch, hard, COUNTER))
            past.append(Moment(cantus, pitch))
        return notes

    def _steps(self, context: Context, constraints: Constraints, line: "_Line", ticks: int) -> list[rhythm.Hit]:
        """Where notes start: on strong beats, on all, or now and then between, by what the player did the bar before."""
        beat, bar, end = context.meter.beat_ticks, context.meter.bar_ticks, context.tick + ticks
        places = []
        for start in range(context.tick - context.tick % bar, end, bar):
            busy = line.starts(start - bar, start) * beat / bar
            for tick in range(start, start + bar, beat):
                if _is_strong(tick, context.meter) or busy < 1.5:
                    places.append((tick, "x"))
                late = tick + (24 if beat == 36 else beat // 2)
                if busy < 0.6 and rhythm.draw(constraints.seed, "passing", late).random() < 0.6 * context.energy:
                    places.append((late, "o"))
        inside = [(tick, mark) for tick, mark in places if context.tick <= tick < end]
        ends = [*(tick for tick, _ in inside[1:]), end][: len(inside)]
        hits = [rhythm.Hit(tick, until - tick, mark) for (tick, mark), until in zip(inside, ends, strict=True)]
        return rhythm.on_grid(hits, constraints.grid, context.tick)


def _is_strong(tick: int, meter: Meter) -> bool:
    """The first beat of a bar, and every other where their number is even."""
    beat, place = meter.beat_ticks, tick % meter.bar_ticks
    return place == 0 or (meter.bar_ticks % (2 * beat) == 0 and place % (2 * beat) == 0)


class _Line:
    """The player's line: the note that started last, for a bar after its end at most."""

    def __init__(self, context: Context) -> None:
        self._notes = sorted(context.heard[-256:])
        self._ticks = [note.tick for note in self._notes]
        self._bar = context.meter.bar_ticks

    def at(self, tick: int) -> int | None:
        index = bisect_right(self._ticks, tick) - 1
        if index < 0 or tick >= self._notes[index].end + self._bar:
            return None
        return self._notes[index].pitch

    def starts(self, first: int, end: int) -> int:
        return len({tick for tick in self._ticks if first <= tick < end})


def _home(context: Context, constraints: Constraints) -> float:
    """Where the line lies: under the player's range if there is more room, else above it."""
    low, high = constraints.low, constraints.high
    if not context.heard:
        return (low + high) / 2
    middle = (context.low + context.high) / 2
    away = middle - 9 if middle - low >= high - middle else middle + 9
    return min(max(away, low + 3), max(high - 3, low))


def _cost(
    now: Moment, past: list[Moment], tones: tuple[int, ...], weight: int, home: float, dice: random.Random
) -> float:
    """What a note costs after those before it; _NEVER where it is forbidden. `weight`: 2 strong beat, 1 beat, 0 between."""
    cost = 0.12 * abs(now.counter - home) + 2.0 * dice.random()
    is_tone = now.counter % 12 in tones
    is_step = bool(past) and abs(now.counter - past[-1].counter) in {1, 2}
    if not is_tone:
        cost += (0.0 if is_step else 8.0) + (0.0, 2.0, 8.0)[weight]
    if now.cantus is not None:
        apart = abs(now.cantus - now.counter)
        if apart % 12 not in CONSONANT and (weight or not is_step):
            return _NEVER
        cost += (2.5 if apart % 12 in PERFECT else 0.0) + (6.0 if apart < 3 else 0.0) + (2.0 if apart > 19 else 0.0)
        if (now.counter > now.cantus) != (home > now.cantus):
            cost += 5.0  # the voices cross
    if past:
        cost += _melodic(now, past) + _motion(past[-1], now)
    return cost


def _melodic(now: Moment, past: list[Moment]) -> float:
    """The line by itself."""
    move = now.counter - past[-1].counter
    cost = _LEAP[abs(move)]
    cost += 0.7 * sum(moment.counter == now.counter for moment in past)  # what has been is not news
    last = past[-1]
    if last.cantus is not None and abs(last.cantus - last.counter) % 12 not in CONSONANT and abs(move) not in {1, 2}:
        cost += 8.0  # a passing note goes on by a step
    if len(past) > 1:
        before = past[-1].counter - past[-2].counter
        if move == -before and move:
            cost += 2.0  # back again
        if 0 < abs(move) <= 2 and (move > 0) == (before > 0) and before:
            cost -= 1.0  # a run
        if abs(before) > 4 and not (0 < abs(move) <= 2 and (move > 0) != (before > 0)):
            cost += 4.0
        if move == 0 == before:
            cost += 4.0
        if abs(move) > 2 and abs(before) > 2 and (move > 0) == (before > 0):
            cost += 3.0
    return cost


def _motion(before: Moment, now: Moment) -> float:
    """The line against the player's."""
    if before.cantus is None or now.cantus is None:
        return 0.0
    one, other = now.cantus - before.cantus, now.counter - before.counter
    was, is_now = abs(before.cantus - before.counter) % 12, abs(now.cantus - now.counter) % 12
    if one == 0 or other == 0:
        return 0.0
    if was == is_now and is_now in PERFECT:
        return _NEVER
    if (one > 0) != (other > 0):
        return -2.0
    return 1.5 + (6.0 if is_now in PERFECT else 0.0)
