"""Drum patterns: a style's grooves by energy, with fills at the ends of phrases."""

import math
from collections.abc import Sequence

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.masks import Masks
from daemon.generate.note import DRUMS, Note, Played
from daemon.generate.rules import rhythm, styles, touch
from daemon.generate.rules.style import DRUM_NOTES, Groove

_FIRST = tuple(DRUM_NOTES)
"""Where fewer drums may sound at once than are struck, the earlier in this order."""


class Pattern:
    """Plays the part DRUMS, in General MIDI's notes.

    J. Riley, *The Art of Bop Drumming*, Manhattan Music 1994, and G. Chester, *The New Breed*, Modern Drummer 1985: time
    is kept in layers, each an ostinato of its own, that come in as the music grows; a fill says where a phrase ends, and
    the cymbal where the next begins.
    """

    def __init__(self, style: str = "pop") -> None:
        """`style` by bare name or path. Raises StyleError."""
        self.style = styles.load(style)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Nothing is learnt: the context says it all."""

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As a Generator's. [any]"""
        length, end = context.meter.bar_ticks, context.tick + ticks
        struck: dict[tuple[int, str], str] = {}
        for bar in range(context.tick // length, -(-end // length)):
            for (tick, drum), mark in self._bar(bar, context, constraints.seed).items():
                if context.tick <= bar * length + tick < end and (bar * length + tick) % constraints.grid == 0:
                    struck[bar * length + tick, drum] = mark
        return self._notes(struck, context, constraints, ticks)

    def _bar(self, bar: int, context: Context, seed: int) -> dict[tuple[int, str], str]:
        """What is struck in a bar: (tick in the bar, drum) -> mark."""
        drums, length = self.style.drums, context.meter.bar_ticks
        groove = self._choose(drums.grooves, bar // drums.change, "groove", context, seed)
        found = {}
        for drum, grid in groove.drums.items():
            if context.energy < drums.layers.get(drum, 0.0):
                continue
            for tick, _, mark in rhythm.bar(grid, context.meter, bar):
                if mark == "o" and rhythm.draw(seed, drum, bar * length + tick).random() < 0.35:
                    continue
                if mark != "-":
                    found[tick, drum] = mark
        if filled := self._fill(bar, context, seed):
            group = rhythm.group_ticks(context.meter)
            lasts = min(length, group * _groups(filled))
            begins = length - lasts
            found = {place: mark for place, mark in found.items() if place[0] < begins or place[1] == "hat_foot"}
            for drum, grid in filled.drums.items():
                for tick, _, mark in rhythm.cells(grid, context.meter):
                    if tick < lasts and mark != "-":
                        found[begins + tick, drum] = mark
        if bar and drums.crash and self._fill(bar - 1, context, seed):
            found = {
                place: mark for place, mark in found.items() if place[0] or place[1] not in {"hat", "ride", "shaker"}
            }
            found[0, drums.crash] = "X" if context.energy > 0.4 else "x"
            found.setdefault((0, "kick"), "x")
        return found

    def _fill(self, bar: int, context: Context, seed: int) -> Groove | None:
        """The fill of a bar: at the end of a phrase, often halfway, and where the player's own phrase has just ended."""
        drums = self.style.drums
        dice = rhythm.draw(seed, "fill", bar)
        half = max(1, drums.phrase // 2)
        ends = (bar + 1) % drums.phrase == 0
        halfway = (bar + 1) % half == 0 and dice.random() < 0.35 + 0.4 * context.energy
        if not drums.fills or not (ends or halfway or bar == _rest_bar(context)):
            return None
        short = [
            fill
            for fill in drums.fills
            if _groups(fill) * 2 * rhythm.group_ticks(context.meter) <= context.meter.bar_ticks
        ]
        return self._choose(drums.fills if ends else tuple(short) or drums.fills, bar, "which fill", context, seed)

    @staticmethod
    def _choose(grooves: tuple[Groove, ...], number: int, what: str, context: Context, seed: int) -> Groove:
        grids = [next(iter(groove.drums.values())) for groove in grooves]
        pool = rhythm.fitting(grids, context.meter) if what == "groove" else range(len(grooves))
        weights = [touch.likely(grooves[index].weight, grooves[index].energy, context.energy) for index in pool]
        return grooves[pool[rhythm.pick(weights, rhythm.draw(seed, what, number))]]

    def _notes(
        self, struck: dict[tuple[int, str], str], context: Context, constraints: Constraints, ticks: int
    ) -> list[Note]:
        """The hits as notes, as many as the constraints let through."""
        masks = Masks(context, constraints, ticks, DRUMS)
        rank = {drum: index for index, drum in enumerate(_FIRST)}
        notes: list[Note] = []
        by_tick: dict[int, list[tuple[int, str, str]]] = {}
        for (tick, drum), mark in struck.items():
            by_tick.setdefault(tick, []).append((rank[drum], drum, mark))
        kept = _thin(sorted(by_tick), context, constraints, masks)
        for tick in kept:
            for _, drum, mark in sorted(by_tick[tick])[: constraints.polyphony]:
                dice = rhythm.draw(constraints.seed, drum, -tick - 1)
                hard = touch.velocity(context, mark, self.style.humanise.velocity, dice) + (4 if drum == "kick" else 0)
                lasts = max(1, min(6, context.tick + ticks - tick))
                notes.append(Note(tick, lasts, DRUM_NOTES[drum], min(127, hard), DRUMS))
        return notes


def _groups(groove: Groove) -> int:
    return len(next(iter(groove.drums.values())).split())


def _rest_bar(context: Context) -> int:
    """The bar in which a player's phrase that has just ended is answered by a fill; -1: none."""
    if not context.heard:
        return -1
    end, bar = max(note.end for note in context.heard[-16:]), context.meter.bar_ticks
    return context.tick // bar if bar // 2 <= context.tick - end < bar * 3 // 2 else -1


def _thin(ticks: list[int], context: Context, constraints: Constraints, masks: Masks) -> list[int]:
    """Of the ticks, no more in a beat than the density lets: the ones on the beat and on its halves first."""
    beat = max(1, context.meter.beat_ticks)
    most = max(1, math.floor(constraints.density))
    window = masks.window
    found: list[int] = []
    for first in sorted({tick // window for tick in ticks}):
        inside = [tick for tick in ticks if tick // window == first]
        inside.sort(key=lambda tick: (tick % window != 0, tick % beat != 0, tick % beat % 12 != 0, tick))
        found += sorted(inside[:most])
    return found
