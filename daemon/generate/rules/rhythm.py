"""Rhythms as they stand in a style's file: a grid of beats, fitted to any meter.

A grid is one group of marks a beat, such as `x--- --x. .... x---`. A group of 1, 2 or 4 marks divides a quarter, one of 3
or 6 a dotted quarter (6/8, 9/8, 12/8). `.` is silence and `-` goes on; what every other mark means, its reader says. A
grid may be several bars long. In a meter that it is not written for, its beats are repeated or cut, and quarters are
played as a shuffle in a compound meter.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from daemon.generate.context import Meter
from daemon.generate.note import TICKS

COMPOUND = (3, 6)
"""Marks in a group that divides a dotted quarter."""


class Hit(NamedTuple):
    """Something struck: `tick`, how long until it ends, in ticks, and its mark. `-`: what sounded before goes on."""

    tick: int
    length: int
    mark: str


def draw(seed: int, what: str, number: int) -> random.Random:
    """The dice of one decision: of a bar, of a beat. So the same notes come whatever the stretches they are made in."""
    return random.Random(f"{seed} {what} {number}")


def group_ticks(meter: Meter) -> int:
    """Length of a group: a dotted quarter in a compound meter, else a quarter, also in 7/8 and 2/2."""
    return 36 if meter.beat_ticks == 36 else TICKS


def fitting(grids: Iterable[str], meter: Meter) -> list[int]:
    """Which of the grids suit the meter best, by index."""
    ranks = [_rank(grid, meter) for grid in grids]
    return [index for index, rank in enumerate(ranks) if rank == min(ranks)]


@lru_cache(1024)
def _rank(grid: str, meter: Meter) -> int:
    groups, want = grid.split(), math.ceil(meter.bar_ticks / group_ticks(meter))
    is_whole = len(groups) % want == 0 or want % len(groups) == 0
    return 2 * ((len(groups[0]) in COMPOUND) != (group_ticks(meter) == 36)) + (not is_whole)


@lru_cache(2048)
def bar(grid: str, meter: Meter, number: int) -> tuple[Hit, ...]:
    """A grid's hits in the bar of this number, from the bar's own tick 0; one that begins with `-` has it as its first."""
    groups, want = grid.split(), math.ceil(meter.bar_ticks / group_ticks(meter))
    if len(groups) % want == 0:
        skip = want * (number % (len(groups) // want))
        groups = groups[skip : skip + want]
    groups = [groups[index % len(groups)] for index in range(want)]
    return cells(" ".join(groups), meter, meter.bar_ticks)


@lru_cache(2048)
def cells(grid: str, meter: Meter, length: int = 1 << 30) -> tuple[Hit, ...]:
    """A grid's hits from its own tick 0, its groups as the meter's beats are, cut at `length`."""
    unit = group_ticks(meter)
    hits: list[Hit] = []
    for index, written in enumerate(grid.split()):
        group = written
        if (len(group) in COMPOUND) != (unit == 36):
            group = _shuffled(group) if unit == 36 else _straight(group)
        cell = unit // len(group)
        for place, mark in enumerate(group):
            tick = index * unit + place * cell
            if tick >= length or mark == ".":
                continue
            if mark == "-" and hits and hits[-1].tick + hits[-1].length == tick:
                hits[-1] = hits[-1]._replace(length=min(hits[-1].length + cell, length - hits[-1].tick))
            elif mark != "-" or tick == 0:
                hits.append(Hit(tick, min(cell, length - tick), mark))
    return tuple(hits)


def stretch(grid_of: Callable[[int], str], meter: Meter, tick: int, ticks: int) -> list[Hit]:
    """The hits from `tick` on, each bar by its own grid, at their ticks from where the pulse began.

    None goes beyond the end. A stretch that begins while something is held begins with a hit marked `-`.
    """
    hits: list[Hit] = []
    end, length = tick + ticks, meter.bar_ticks
    for number in range(tick // length, -(-end // length)):
        for at, lasts, mark in bar(grid_of(number), meter, number):
            start, stop = max(number * length + at, tick), min(number * length + at + lasts, end)
            if stop <= start:
                continue
            held = mark == "-" or start > number * length + at
            if held and hits and hits[-1].tick + hits[-1].length == start:
                hits[-1] = hits[-1]._replace(length=stop - hits[-1].tick)
            elif not held or start == tick:
                hits.append(Hit(start, stop - start, "-" if held else mark))
    return hits


def on_grid(hits: Sequence[Hit], grid: int, first: int) -> list[Hit]:
    """The hits on multiples of `grid`: what lies between is struck before, unless something is or it is before `first`."""
    found: list[Hit] = []
    for tick, length, mark in hits:
        early = tick % grid
        if tick - early >= first and not (found and found[-1].tick >= tick - early):
            if found and found[-1].tick + found[-1].length > tick - early:
                found[-1] = found[-1]._replace(length=tick - early - found[-1].tick)
            found.append(Hit(tick - early, length + early, mark))
    return found


def pick(weights: Sequence[float], dice: random.Random) -> int:
    """An index, as likely as its weight."""
    point, total = dice.random() * sum(weights), 0.0
    for index, weight in enumerate(weights):
        total += weight
        if point < total:
            return index
    return len(weights) - 1


def _shuffled(group: str) -> str:
    """A quarter's marks as a dotted quarter's: the off-beat falls on the third eighth."""
    first, half = group[0], group[len(group) // 2] if len(group) > 1 else "-"
    on = group[1] == "-" if len(group) == 4 else first != "."
    return first + ("-" if on else ".") + (half if len(group) > 1 or first != "." else ".")


def _straight(group: str) -> str:
    """A dotted quarter's marks as a quarter's: the third eighth falls on the off-beat."""
    third = len(group) // 3
    return group[0] + ("-" if group[third] == "-" else ".") + group[2 * third] + "."
