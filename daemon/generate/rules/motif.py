"""Call and response: the player's last phrase comes back as a consequent, its motifs transformed, and it lands.

A period of A. Schoenberg's (*Fundamentals of Musical Composition*, 1967, chapters 5-7): the consequent begins like the
antecedent, goes its own way past the middle, liquidates and cadences. The groove stays, because each motif comes back at
its own place in the bar; how far the pitches and now and then the rhythm go from it is `constraints.closeness`.
"""

import math
import random
from collections.abc import Sequence

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, chord_classes
from daemon.generate.masks import Masks
from daemon.generate.note import Note, Played
from daemon.generate.rules import transformation as form
from daemon.generate.rules.choice import choose, dice
from daemon.generate.rules.fitting import fitted
from daemon.generate.rules.ladder import Ladder, homes, ladder_of, nearest
from daemon.generate.rules.landing import land, landing_tick, resting, strength
from daemon.generate.rules.line import last_phrase, motifs, octaves_within
from daemon.generate.rules.transformation import Figure

STOCK = ((0, 1, 0), (1, 0.5, 1), (1.5, 0.5, 2), (2, 1, 4), (3, 0.5, 2), (3.5, 0.5, 1))
"""What is answered where nothing was played: beat, duration in beats, step above the tonic."""

WAYS = ("repeat", "sequence", "invert", "turn back", "ornament", "displace", "fragment", "augment", "diminish")


class Motif:
    """Answers by motif transformation. Keeps nothing: what it hears is in the context. [any]"""

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """The consequent of the last phrase: a line of notes, whatever the polyphony. Raises ConstraintError."""
        masks = Masks(context, constraints, ticks)
        rng = dice(context, constraints)
        goal = landing_tick(masks, context, rng)
        if goal is None:
            return []
        line = last_phrase(context)
        ladder = ladder_of(context, constraints, line)
        up = octaves_within(line, constraints.low, constraints.high)
        line = [note._replace(pitch=note.pitch + up) for note in line] or _stock(context, constraints, ladder)
        return _Consequent(context, constraints, masks, rng, ladder, line, goal).notes


def _stock(context: Context, constraints: Constraints, ladder: Ladder) -> list[Note]:
    """A modest phrase of one bar from the tonic."""
    beat = max(1, context.meter.beat_ticks)
    home = homes(context, constraints, context.tick, ())[0]
    middle = (max(context.low, constraints.low) + min(context.high, constraints.high)) // 2
    first = ladder.step(middle + (home - middle + 6) % 12 - 6)
    velocity = min(127, max(1, round(context.velocity)))
    return [
        Note(int(at * beat), max(1, int(length * beat)), ladder.pitch(first + step), velocity)
        for at, length, step in STOCK
        if at * beat < context.meter.bar_ticks
    ]


class _Consequent:
    """One answer in the making: planned motif by motif in steps of the ladder, then played under the masks."""

    def __init__(
        self,
        context: Context,
        constraints: Constraints,
        masks: Masks,
        rng: random.Random,
        ladder: Ladder,
        line: list[Note],
        goal: int,
    ) -> None:
        self.context, self.constraints, self.masks, self.rng, self.ladder = context, constraints, masks, rng, ladder
        self.far = 1.0 - constraints.closeness
        self.beat = max(1, context.meter.beat_ticks)
        self.plan: list[Figure] = []  # `at` from where the pulse began
        self.notes: list[Note] = []
        self.middle = sum(note.pitch for note in line) / len(line)
        rest = resting(masks.pitches([], goal), homes(context, constraints, goal, line), line[-1].pitch)
        self.rest = ladder.step(rest if rest is not None else round(self.middle))
        places = self._places(line, goal)
        turns = [i for i in range(1, len(places)) if len(places[i][1]) > 2]
        turn = min(turns, key=lambda i: abs(i - 0.6 * len(places)), default=-1)
        for i, (base, motif) in enumerate(places):
            self._state(base, motif, is_first=i == 0, is_turn=i == turn)
        self._cadence(goal)
        meant = [(figure.at, ladder.pitch(figure.step)) for figure in self.plan]
        for figure, pitch in zip(self.plan, fitted(meant, masks, context, ladder.pitch(self.rest)), strict=True):
            self._add(figure, pitch, goal)
        strong = [note.velocity for note in line if strength(note.tick, context.meter)] or [line[-1].velocity]
        toward = ladder.pitch(self.rest)
        land(self.notes, masks, context, constraints, goal, toward, round(sum(strong) / len(strong)), line)

    def _places(self, line: list[Note], goal: int) -> list[tuple[int, list[Note]]]:
        """Where each motif comes back: (tick of its first note, motif). The phrase's bars repeat up to the goal."""
        bar = max(1, self.context.meter.bar_ticks)
        begin = self.masks.first - self.masks.first % bar
        anchor = line[0].tick - line[0].tick % bar
        if line[0].tick - anchor >= 0.75 * bar and line[-1].tick >= anchor + bar:
            anchor += bar  # an upbeat
        cycle = (line[-1].tick - anchor) // bar * bar + bar
        most = max(bar, -((begin - self.masks.end) // bar) * bar)
        if cycle > most:  # of a long phrase its end
            anchor, cycle = anchor + cycle - most, most
            line = [note for note in line if note.tick >= anchor]
        found = []
        for motif in motifs(line, self.context.meter):
            base = begin + (motif[0].tick - anchor) % cycle
            while base < goal:
                found.append((base, motif))
                base += cycle
        return sorted(place for place in found if place[0] + place[1][-1].tick - place[1][0].tick >= self.masks.first)

    def _state(self, base: int, motif: list[Note], *, is_first: bool, is_turn: bool) -> None:
        """Plan one motif in the way that is chosen, moved to where it fits the harmony and what came before."""
        figures = [
            Figure(note.tick - motif[0].tick, note.duration, self.ladder.step(note.pitch), note.velocity)
            for note in motif
        ]
        if not is_first or self.rng.random() < 0.6 * self.far:
            figures = self._transformed(figures)
        figures = form.transposed(figures, self._shift(figures, base, is_first))
        if is_turn:
            leap = 2 + self.rng.choice((0, 1)) + round(3 * self.far)
            high = max(figure.step for figure in figures) + leap
            is_up = self.ladder.pitch(high) <= min(self.constraints.high, self.middle + 14)
            figures = form.turned(figures, leap if is_up else -leap)
        self.plan += form.displaced(figures, base)

    def _transformed(self, figures: list[Figure]) -> list[Figure]:
        """What chance, weighed by closeness, makes of a motif."""
        far, close = self.far, 1.0 - self.far
        span = max(self.beat, -(-(figures[-1].at + figures[-1].duration) // self.beat) * self.beat)
        weights = (5 * close, 0.8, far, 0.7 * far, 0.4, 0.6 * far * far, 0.4 * far, 0.3 * far * far, 0.2 * far * far)
        if len(figures) < 2:
            weights = (*weights[:2], 0.0, 0.0, weights[4], 0.0, 0.0, 0.0, 0.0)
        way = WAYS[choose(self.rng, weights, self.constraints.temperature, self.constraints.top_p)]
        if way == "sequence":
            return form.transposed(figures, self.rng.choice((-2, -1, 1, 2)))
        if way == "invert":
            return form.inverted(figures)
        if way == "turn back":
            return form.tail_reversed(figures)
        if way == "ornament":
            return form.ornamented(figures, self.constraints.grid)
        if way == "displace":
            return form.displaced(figures, self.beat // 2)
        if way == "fragment":
            return form.fragmented(figures, span, self.rng.choice((-1, 1)))
        if way == "augment":
            return [figure for figure in form.stretched(figures, 2.0) if figure.at < span]
        if way == "diminish":
            half = form.stretched(figures, 0.5)
            return half + form.displaced(form.transposed(half, -1), span // 2)
        return figures

    def _shift(self, figures: list[Figure], base: int, is_first: bool) -> int:
        """By how many steps to move a motif: its strong notes in the chord, near what came before, within the range."""
        before = self.plan[-1].step if self.plan else None
        leap = self.plan[-1].step - self.plan[-2].step if len(self.plan) > 1 else 0
        wish = 0 if is_first else self.rng.choice((-1, 1)) * round(2 * self.far)
        shifts = range(-5, 6)
        costs = []
        for shift in shifts:
            cost = (0.15 + 0.85 * self.constraints.closeness) * abs(shift - wish)
            for figure in figures:
                pitch, tick = self.ladder.pitch(figure.step + shift), base + figure.at
                chord = self.context.chord_at(tick)
                if chord is not None and pitch % 12 not in chord_classes(chord):
                    cost += 0.5 * strength(tick, self.context.meter) / len(figures)
                cost += 2.0 * (not self.constraints.low <= pitch <= self.constraints.high)
                cost += 0.1 * max(0.0, abs(pitch - self.middle) - 9)
            if before is not None:
                step = figures[0].step + shift - before
                cost += 0.4 * max(0, abs(step) - 2) + (
                    1.0 if abs(leap) > 4 and (step * leap >= 0 or abs(step) > 2) else 0.0
                )
            costs.append(cost)
        likely = [math.exp(2.0 * (min(costs) - cost)) for cost in costs]
        return shifts[choose(self.rng, likely, self.constraints.temperature, self.constraints.top_p)]

    def _cadence(self, goal: int) -> None:
        """Put the plan on the grid up to the goal; its last notes come nearer to the resting tone, the last by a step."""
        grid = self.constraints.grid
        placed: dict[int, Figure] = {}
        for figure in sorted(self.plan):
            at = (figure.at + grid // 2) // grid * grid
            if self.masks.first <= at < goal:
                placed.setdefault(at, figure._replace(at=at))
        self.plan = list(placed.values())
        after, reach = self.rest, 1
        for i in range(len(self.plan) - 1, -1, -1):
            figure = self.plan[i]
            if goal - figure.at > 2 * self.beat or abs(figure.step - after) <= reach:
                break
            after += max(-reach, min(reach, figure.step - after))
            self.plan[i] = figure._replace(step=after)
            reach = 2

    def _add(self, figure: Figure, meant: int, goal: int) -> None:
        """One note, at the pitch that is allowed nearest to the one meant; none where none may start."""
        tick = figure.at
        if self.notes and self.notes[-1].end > tick:
            self.notes[-1] = self.notes[-1]._replace(duration=tick - self.notes[-1].tick)
        if not self.masks.starts(self.notes)[tick - self.masks.first]:
            return
        pitch = nearest(self.masks.pitches(self.notes, tick), meant)
        if pitch is not None:
            note = Note(tick, 1, pitch, figure.velocity)
            longest = min(self.masks.longest(self.notes, note), goal - tick)
            self.notes.append(note._replace(duration=max(1, min(figure.duration, longest))))
