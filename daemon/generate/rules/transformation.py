"""What a motif becomes. Pure functions on its figures, in steps of the scale: none leaves the key, none asks for luck.

A. Schoenberg, *Fundamentals of Musical Composition*, 1967, chapters 3 (the motive) and 4 (connecting its forms); as rules
for machines: G. Papadopoulos and G. Wiggins, *AI Methods for Algorithmic Composition*, AISB 1999.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One note of a motif: `at` and `duration` in ticks from the motif's start, `step` of the ladder."""

    at: int
    duration: int
    step: int
    velocity: int


def transposed(figures: Sequence[Figure], steps: int) -> list[Figure]:
    """Moved up along the scale: repeated so, it is a sequence."""
    return [figure._replace(step=figure.step + steps) for figure in figures]


def inverted(figures: Sequence[Figure]) -> list[Figure]:
    """Up for down, about its first note."""
    axis = 2 * figures[0].step
    return [figure._replace(step=axis - figure.step) for figure in figures]


def tail_reversed(figures: Sequence[Figure]) -> list[Figure]:
    """The second half's pitches in retrograde; the groove stays."""
    half = len(figures) // 2
    steps = [figure.step for figure in figures]
    return [figure._replace(step=step) for figure, step in zip(figures, steps[:half] + steps[half:][::-1], strict=True)]


def displaced(figures: Sequence[Figure], ticks: int) -> list[Figure]:
    """Every note later: the accents fall elsewhere."""
    return [figure._replace(at=figure.at + ticks) for figure in figures]


def stretched(figures: Sequence[Figure], times: float) -> list[Figure]:
    """Augmentation by 2, diminution by 1/2."""
    return [
        figure._replace(at=round(figure.at * times), duration=max(1, round(figure.duration * times)))
        for figure in figures
    ]


def fragmented(figures: Sequence[Figure], span: int, steps: int) -> list[Figure]:
    """Its first half, and that again half the span later, `steps` of the scale higher: liquidation."""
    half = [figure for figure in figures if figure.at < span // 2]
    return half + [figure._replace(at=figure.at + span // 2, step=figure.step + steps) for figure in half]


def ornamented(figures: Sequence[Figure], shortest: int) -> list[Figure]:
    """Its longest note divided: by the note between where the next is a third away, else by the upper neighbour."""
    i = max(range(len(figures)), key=lambda i: figures[i].duration)
    long = figures[i]
    half = long.duration // 2 // shortest * shortest
    if half < 1:
        return list(figures)
    leap = figures[i + 1].step - long.step if i + 1 < len(figures) else 0
    second = Figure(
        long.at + half,
        long.duration - half,
        long.step + (leap // 2 if abs(leap) == 2 else 1),
        max(1, long.velocity - 6),
    )
    return [*figures[:i], long._replace(duration=half), second, *figures[i + 1 :]]


def turned(figures: Sequence[Figure], leap: int) -> list[Figure]:
    """The turn that surprises: a leap at its middle, answered by steps the other way.

    E. Narmour, *The Analysis and Cognition of Basic Melodic Structures*, 1990: a large interval implies reversal.
    """
    middle = len(figures) // 2
    before = figures[middle - 1].step if middle else figures[0].step
    fall = -1 if leap > 0 else 1
    return [
        figure if i < middle else figure._replace(step=before + leap + fall * (i - middle))
        for i, figure in enumerate(figures)
    ]
