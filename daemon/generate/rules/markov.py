"""A variable-order Markov answer: goes on as the player would, with what the player has just played.

F. Pachet, *The Continuator: Musical Interaction with Style*, Journal of New Music Research 32(3), 2003. Each note is drawn
from the places in the memory (`memory`) where the same had just been played, under the masks; its velocity, its length
and the notes struck with it come from that place too. A copy that grows too long is left.
"""

import math
import random
from collections.abc import Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, chord_classes
from daemon.generate.masks import Masks
from daemon.generate.note import Note, Played
from daemon.generate.rules.choice import choose, dice
from daemon.generate.rules.ladder import nearest
from daemon.generate.rules.landing import land, landing_tick, strength
from daemon.generate.rules.line import last_phrase, octaves_within
from daemon.generate.rules.memory import LONGEST, ORDER, Event, Memory, Place, tone
from daemon.generate.rules.motif import Motif

RECENT = 128
"""Events among which an answer's first is looked for."""

LEAST = 4
"""Events from which something is learnt; fewer are answered by motif."""


def copy_limit(closeness: float) -> int:
    """Notes that may be copied in a row: 4 far from the material, 16 close to it. [any]"""
    return 4 + round(12 * closeness)


class Markov:
    """Answers with what it has heard. [any]"""

    def __init__(self) -> None:
        self._memory = Memory()

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Learn, in microseconds a note."""
        _learn(self._memory, notes, context)

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """A line, with its chords where the polyphony allows them. Raises ConstraintError."""
        memory = self._memory
        if not len(memory):
            memory = Memory()
            _learn(memory, context.heard, context)
        if len(memory) < LEAST or not context.heard:
            return Motif().play(context, constraints, ticks)
        masks = Masks(context, constraints, ticks)
        rng = dice(context, constraints)
        goal = landing_tick(masks, context, rng)
        return [] if goal is None else _Continuation(context, constraints, masks, rng, memory, goal).notes


def _learn(memory: Memory, notes: Sequence[Played], context: Context) -> None:
    bar, beat = max(1, context.meter.bar_ticks), max(1, context.meter.beat_ticks)
    tonic = context.tonic if context.key_confidence > 0 else 0
    for note in notes:
        memory.learn(note, bar, beat, tonic)


class _Continuation:
    """One answer in the making, event by event."""

    def __init__(
        self,
        context: Context,
        constraints: Constraints,
        masks: Masks,
        rng: random.Random,
        memory: Memory,
        goal: int,
    ) -> None:
        self.context, self.constraints, self.masks, self.rng, self.memory = context, constraints, masks, rng, memory
        self.beat, self.bar = max(1, context.meter.beat_ticks), max(1, context.meter.bar_ticks)
        self.tonic = context.tonic if context.key_confidence > 0 else 0
        self.goal = goal
        line = last_phrase(context)
        self.up = octaves_within(line, constraints.low, constraints.high)
        self.middle = sum(note.pitch for note in line) / len(line) + self.up
        self.notes: list[Note] = []
        self.shapes: list[tuple[int, int]] = []
        self.tones: list[int] = []
        self.tick, self.pitch = line[0].tick, line[0].pitch + self.up  # of the last top note, the player's at first
        self.leap = 0  # by which it was reached
        for note in line[-ORDER - 1 :]:
            self._went(note.tick, note.pitch + self.up)
        self.copied: dict[int, int] = {}  # place -> how many steps that lead to it are the answer's last
        if self._event(self._first(line[0].tick)):
            while self._event(None):
                pass
        velocity = self.notes[-1].velocity if self.notes else line[-1].velocity
        land(self.notes, masks, context, constraints, goal, self.pitch, velocity, line)

    def _first(self, phrase_tick: int) -> int:
        """Where to begin: at the place in the bar where the phrase began, unless half a bar would pass until then."""
        wait = (phrase_tick - self.masks.first) % self.bar
        wanted = self.masks.first + (wait if wait < self.bar / 2 else 0)
        free = np.flatnonzero(self.masks.starts([])) + self.masks.first
        later = free[free >= wanted]
        return int(later[0]) if len(later) else self.goal

    def _event(self, first: int | None) -> bool:
        """Add what starts next, the first at a tick that is set; False: nothing more comes before the landing."""
        starts = self.masks.starts(self.notes)
        places = self._openings(first) if first is not None else None
        places = places or self.memory.follow(self.shapes, self.tones, self.constraints.closeness)
        kinds: dict[tuple[int, int], float] = {}
        best: dict[tuple[int, int], tuple[float, Event]] = {}
        there: dict[int, tuple[list[bool], tuple[int, ...], float]] = {}
        stop = 0.0
        barred = self._barred()
        for weight, i, is_shape in places:
            event = self.memory[i]
            tick = self._tick_of(event) if first is None else first
            if tick >= self.goal:
                stop += weight
                continue
            if not starts[tick - self.masks.first]:
                continue
            if tick not in there:
                there[tick] = self._there(tick)
            free, tones, unlike = there[tick]
            pitch = self._pitch_of(event, is_shape, free)
            if pitch is None or (tick - self.tick, pitch - self.pitch) in barred:
                continue
            likely = weight * self._fits(event, tick, pitch, is_shape)
            if tones and pitch % 12 not in tones:
                likely *= unlike
            kind = (tick, pitch)
            kinds[kind] = kinds.get(kind, 0.0) + likely
            if kind not in best or likely > best[kind][0]:
                best[kind] = (likely, event)
        if not kinds:
            return stop == 0.0 and self._step(starts, first, barred)
        options, weights = list(kinds), list(kinds.values())
        taken = choose(self.rng, [*weights, stop], self.constraints.temperature, self.constraints.top_p)
        if taken == len(options):
            return False
        self._add(*options[taken], best[options[taken]][1])
        return True

    def _openings(self, first: int) -> list[Place]:
        """Events that stood at that place in a bar, the nearer to the player's last pitch the likelier."""
        memory, found = self.memory, []
        for i in range(max(0, memory.count - min(len(memory), RECENT)), memory.count):
            if memory[i].phase == first % self.bar:
                found.append((math.exp(-abs(memory[i].pitch + self.up - self.pitch) / 5), i, False))
        return found

    def _barred(self) -> set[tuple[int, int]]:
        """Steps that would make a copy too long."""
        most = copy_limit(self.constraints.closeness) - 1
        last = self.memory.count - 1
        return {self.memory[i + 1][3:5] for i, steps in self.copied.items() if steps >= most and i < last}

    def _tick_of(self, event: Event) -> int:
        """Where an event would start, on the grid; one that was no step, a beat later."""
        grid = self.constraints.grid
        tick = self.tick + (event.step or self.beat)
        return max((tick + grid // 2) // grid * grid, self.tick + 1)

    def _there(self, tick: int) -> tuple[list[bool], tuple[int, ...], float]:
        """The pitches that may start at a tick, the chord's tones, and what any other there is worth beside them."""
        chord = self.context.chord_at(tick)
        tones = () if chord is None else chord_classes(chord)
        return self.masks.pitches(self.notes, tick).tolist(), tones, 0.6 ** strength(tick, self.context.meter)

    def _pitch_of(self, event: Event, is_shape: bool, free: list[bool]) -> int | None:
        """What an event asks for, or the pitch allowed within a third of it; None: there is none."""
        if is_shape:
            pitch = self.pitch + event.interval
        else:
            pitch = event.pitch + (self.tonic - event.tonic + 6) % 12 - 6 + self.up
            if abs(pitch - self.pitch) > 9:
                pitch += 12 * round((self.pitch - pitch) / 12)
        for away in (0, -1, 1, -2, 2, -3, 3):
            if 0 <= pitch + away < 128 and free[pitch + away]:
                return pitch + away
        return None

    def _fits(self, event: Event, tick: int, pitch: int, is_shape: bool) -> float:
        """How well an event's place in the bar, its shape once the masks have bent it, and the register suit."""
        close = self.constraints.closeness
        fit = 1.0
        if tick % self.beat == event.phase % self.beat:
            fit *= 1 + 10 * close
        if tick % self.bar == event.phase:
            fit *= 1 + 6 * close
        interval = pitch - self.pitch
        if interval == 0 != event.interval:
            fit *= 0.25
        elif is_shape and interval != event.interval:
            fit *= 0.5
        if abs(self.leap) > 7 and not -4 <= interval * (1 if self.leap > 0 else -1) < 0:
            fit *= 0.5
        far = abs(pitch - self.middle) - 9
        return fit if far <= 0 else fit * 0.8**far

    def _step(self, starts: np.ndarray, first: int | None, barred: set[tuple[int, int]]) -> bool:
        """Where nothing that was heard fits: the nearest pitch, at the next place that is free on a beat, or at all."""
        ticks = [int(tick) + self.masks.first for tick in np.flatnonzero(starts) if tick + self.masks.first < self.goal]
        for tick in sorted(ticks if first is None else [first], key=lambda tick: (tick % self.beat > 0, tick)):
            free = self.masks.pitches(self.notes, tick)
            pitch = nearest(free, self.pitch + 1)
            if pitch is not None and tick < self.goal and (tick - self.tick, pitch - self.pitch) not in barred:
                self._add(tick, pitch, self.memory[self.memory.count - 1]._replace(below=()))
                return True
        return False

    def _add(self, tick: int, pitch: int, event: Event) -> None:
        """The top note, and under it those that were struck with it, as far as they are allowed."""
        if not self.notes:
            self.shapes, self.tones = [], []  # a phrase begins
        else:
            shape = (tick - self.tick, pitch - self.pitch)
            last = self.memory.count - 1
            on = {i + 1: n + 1 for i, n in self.copied.items() if i < last and self.memory[i + 1][3:5] == shape}
            self.copied = dict.fromkeys(self.memory.ends(shape), 1) | on
        for semitones in (0, *event.below):
            if 0 <= pitch + semitones < 128 and (
                not semitones or self.masks.pitches(self.notes, tick)[pitch + semitones]
            ):
                note = Note(tick, 1, pitch + semitones, min(127, max(1, event.velocity)))
                longest = min(self.masks.longest(self.notes, note), self.goal - tick)
                self.notes.append(note._replace(duration=max(1, min(event.duration, longest))))
        self._went(tick, pitch)

    def _went(self, tick: int, pitch: int) -> None:
        """Keep what came last, for the memory to be asked."""
        if self.tones and 0 < tick - self.tick <= LONGEST:
            self.shapes = [*self.shapes, (tick - self.tick, pitch - self.pitch)][-ORDER:]
        self.tones = [*self.tones, tone(pitch, self.tonic, tick % self.beat)][-ORDER:]
        self.leap = pitch - self.pitch
        self.tick, self.pitch = tick, pitch
