"""Comping: chords in a style's rhythm, each voiced near the one before."""

from collections.abc import Sequence

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.masks import Masks
from daemon.generate.note import CHORDS, Note, Played
from daemon.generate.rules import rhythm, styles, touch, voicing
from daemon.generate.rules.changes import Changes, last_struck, sounds_on
from daemon.generate.rules.rhythm import Hit


class Comping:
    """Plays the part CHORDS: the style's patterns by energy, the chord of each moment, voiced by `voicing`.

    M. Levine, *The Jazz Piano Book*, Sher 1989, on comping: leave the soloist room, anticipate, move little. It strikes
    again where the chord changes, and where a stretch begins within a chord that was held but does not sound on.
    """

    def __init__(self, style: str = "pop") -> None:
        """`style` by bare name or path. Raises StyleError."""
        self.style = styles.load(style)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt: the context says it all."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As a Generator's. [any]"""
        chords, spread = self.style.chords, self.style.humanise.velocity
        masks, changes = Masks(context, constraints, ticks, CHORDS), Changes(context, constraints)
        previous: Sequence[int] = [note.pitch for note in last_struck(context.own, CHORDS, context.tick)]
        voices = min(chords.voices, constraints.polyphony)
        ceiling = context.low + 4 if context.heard and context.low > constraints.low + 7 else 127
        notes: list[Note] = []
        for tick, length, mark in self._hits(context, constraints, changes, ticks):
            if not masks.starts(notes)[tick - context.tick]:
                continue
            dice = rhythm.draw(constraints.seed, "chords", tick)
            chord = changes.at(self._ahead(tick, length, context) if chords.anticipates else tick)
            chosen = voicing.choose(
                chord,
                previous,
                masks.pitches(notes, tick),
                chords.voicing,
                voices,
                changes.key,
                ceiling,
                chords.variety,
                dice,
            )
            for pitch in chosen:
                if masks.pitches(notes, tick)[pitch]:
                    hard = touch.velocity(context, mark, spread, dice) + (4 if pitch == chosen[-1] else 0)
                    notes.append(Note(tick, length, pitch, min(127, hard), CHORDS))
            previous = chosen or previous
        return notes

    def _hits(self, context: Context, constraints: Constraints, changes: Changes, ticks: int) -> list[Hit]:
        """Where chords are struck: the pattern, on the performer's grid, and again at a change of a held chord."""
        patterns, meter = self.style.chords.patterns, context.meter
        pool = [patterns[index] for index in rhythm.fitting((pattern.grid for pattern in patterns), meter)]
        weights = [touch.likely(pattern.weight, pattern.energy, touch.room(context)) for pattern in pool]

        def grid_of(bar: int) -> str:
            dice = rhythm.draw(constraints.seed, "comping", bar // self.style.chords.change)
            return pool[rhythm.pick(weights, dice)].grid

        found: list[Hit] = []
        for tick, length, mark in rhythm.stretch(grid_of, meter, context.tick, ticks):
            cuts = [change for change in changes.between(tick, tick + length) if self._is_heard(change, tick, context)]
            for start, end in zip([tick, *cuts], [*cuts, tick + length], strict=True):
                is_new = bool(changes.between(start - 1, start + 1))
                if mark == "-" and start == tick and sounds_on(context.own, CHORDS, tick):
                    struck = last_struck(context.own, CHORDS, tick)[0].tick
                    if not (is_new and self._is_heard(start, struck, context)):
                        continue
                found.append(Hit(start, end - start, "x" if is_new and mark == "-" else mark))
        return rhythm.on_grid(found, constraints.grid, context.tick)

    def _is_heard(self, change: int, struck: int, context: Context) -> bool:
        """A change within what was struck right before it, and has the new chord already, is not struck again."""
        return not self.style.chords.anticipates or self._ahead(struck, change - struck + 1, context) < change

    @staticmethod
    def _ahead(tick: int, length: int, context: Context) -> int:
        """The tick whose chord is played: the next beat's where an off-beat lasts or leads into it."""
        beat = context.meter.beat_ticks
        rest = -tick % beat
        return tick + rest if 0 < rest <= beat // 2 and (length >= rest or rest <= beat // 3) else tick
