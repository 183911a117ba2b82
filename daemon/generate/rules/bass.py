"""Bass lines: walking in beats, or a style's pattern on the root."""

import random
from collections.abc import Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.masks import Masks
from daemon.generate.note import BASS, Note, Played
from daemon.generate.rules import rhythm, styles, touch, walk
from daemon.generate.rules.changes import Changes, bass_of, last_struck, sounds_on
from daemon.generate.rules.chord_scale import degrees
from daemon.generate.rules.rhythm import Hit


class Walking:
    """Plays the part BASS, a note a beat.

    E. Friedland, *Building Walking Bass Lines*, Hal Leonard 1995: the root where the chord changes, chord tones on strong
    beats, and on the beat before a change an approach to the next root: a semitone, a step of the scale, or its dominant.
    The line keeps its direction until the range ends it.
    """

    def __init__(self, style: str = "jazz") -> None:
        """`style` by bare name or path. Raises StyleError."""
        self.style = styles.load(style)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt: the context says it all."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As a Generator's. [any]"""
        masks, changes = Masks(context, constraints, ticks, BASS), Changes(context, constraints)
        own = [note for note in context.own if note.part == BASS and note.tick < context.tick]
        line = [note.pitch for note in own if note.tick % context.meter.beat_ticks == 0][-4:]
        notes: list[Note] = []
        for tick, length, mark in self._steps(context, constraints, ticks):
            if not masks.starts(notes)[tick - context.tick]:
                continue
            allowed = masks.pitches(notes, tick)
            dice = rhythm.draw(constraints.seed, "walking", tick)
            wanted = [line[-1]] if mark == "o" and line else walk.walk(tick, line, context, changes, constraints, dice)
            pitch = next((pitch for pitch in wanted if 0 <= pitch < 128 and allowed[pitch]), None)
            pitch = _nearest(wanted[0], allowed) if pitch is None else pitch
            if pitch is None:
                continue
            hard = touch.velocity(context, mark, self.style.humanise.velocity, dice)
            notes.append(Note(tick, length, pitch, hard, BASS))
            if mark != "o":
                line.append(pitch)
        return notes

    def _steps(self, context: Context, constraints: Constraints, ticks: int) -> list[Hit]:
        """The beats, and by chance the note before repeated softly on the last eighth of one."""
        beat, end = context.meter.beat_ticks, context.tick + ticks
        found = []
        for tick in range(context.tick + -context.tick % beat, end, beat):
            dice = rhythm.draw(constraints.seed, "skip", tick)
            skips = dice.random() < self.style.bass.skips * context.energy
            late = tick + (beat * 2 // 3 if beat == 36 else beat // 2)
            until = min(tick + beat, end)
            found.append(Hit(tick, min(late, until) - tick if skips else until - tick, "x"))
            if skips and late < end:
                found.append(Hit(late, until - late, "o"))
        return rhythm.on_grid(found, constraints.grid, context.tick)


class Root:
    """Plays the part BASS: a style's patterns of root, fifth, octave.

    E. Friedland, *Bass Grooves*, Backbeat 2004: each style's own figures of root, fifth and octave.
    The root is struck where the chord changes, whatever the pattern says.
    """

    def __init__(self, style: str = "pop") -> None:
        """`style` by bare name or path. Raises StyleError."""
        self.style = styles.load(style)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt: the context says it all."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As a Generator's. [any]"""
        masks, changes = Masks(context, constraints, ticks, BASS), Changes(context, constraints)
        struck = last_struck(context.own, BASS, context.tick)
        last = struck[0].pitch if struck else None
        notes: list[Note] = []
        for tick, length, mark in self._hits(context, constraints, changes, ticks):
            if not masks.starts(notes)[tick - context.tick]:
                continue
            dice = rhythm.draw(constraints.seed, "root", tick)
            allowed = masks.pitches(notes, tick)
            wanted = self._pitches(mark, tick, length, last, changes, constraints, dice)
            pitch = next((pitch for pitch in wanted if 0 <= pitch < 128 and allowed[pitch]), None)
            pitch = _same_class(wanted[0], allowed) if pitch is None else pitch
            if pitch is None:
                continue
            notes.append(
                Note(tick, length, pitch, touch.velocity(context, mark, self.style.humanise.velocity, dice), BASS)
            )
            last = pitch
        return notes

    def _hits(self, context: Context, constraints: Constraints, changes: Changes, ticks: int) -> list[Hit]:
        patterns, bass = self.style.bass.patterns, self.style.bass
        pool = [patterns[index] for index in rhythm.fitting((pattern.grid for pattern in patterns), context.meter)]
        weights = [touch.likely(pattern.weight, pattern.energy, context.energy) for pattern in pool]

        def grid_of(bar: int) -> str:
            return pool[rhythm.pick(weights, rhythm.draw(constraints.seed, "bass", bar // bass.change))].grid

        found: list[Hit] = []
        for tick, length, mark in rhythm.stretch(grid_of, context.meter, context.tick, ticks):
            cuts = changes.between(tick, tick + length)
            for start, end in zip([tick, *cuts], [*cuts, tick + length], strict=True):
                is_new = start != tick or bool(changes.between(start - 1, start + 1))
                if mark == "-" and not is_new and sounds_on(context.own, BASS, start):
                    continue
                found.append(Hit(start, end - start, "R" if is_new and mark not in "Rr8" else mark))
        return rhythm.on_grid(found, constraints.grid, context.tick)

    @staticmethod
    def _pitches(
        mark: str,
        tick: int,
        length: int,
        last: int | None,
        changes: Changes,
        constraints: Constraints,
        dice: random.Random,
    ) -> list[int]:
        """What a mark strikes, best first. The roots lie low in the range, and the fifth below one that does not."""
        chord, low, high = changes.at(tick), constraints.low, constraints.high
        home = low + (high - low) // 4
        root = walk.near(bass_of(chord), home, low, high)
        if mark == "-" and last is not None:
            return [last]
        if mark == "A":
            following = changes.at(tick + length)
            target = walk.near(bass_of(following), home, low, high)
            side = target + (1 if (last or root) > target else -1)
            return walk.approach(bass_of(following), following, changes, side, low, high, dice)
        if mark in "357":
            tone = degrees(chord, changes.key)[int(mark)]
            above = root + ((tone - root) % 12 or 12)
            is_below = mark == "5" and above - 12 >= low and (above > high or root > home + 3)
            return [above - 12 if is_below else above]
        return [root + 12 if mark == "8" and root + 12 <= high else root]


def _nearest(pitch: int, allowed: np.ndarray) -> int | None:
    """The allowed pitch nearest to one, or None."""
    return min((p for p in range(128) if allowed[p]), key=lambda p: abs(p - pitch), default=None)


def _same_class(wanted: int, allowed: np.ndarray) -> int | None:
    """Where a pitch is not allowed: its octaves, else the nearest that is."""
    octaves = [pitch for pitch in range(wanted % 12, 128, 12) if allowed[pitch]]
    return min(octaves, key=lambda pitch: abs(pitch - wanted)) if octaves else _nearest(wanted, allowed)
