"""A line that was meant, bent to what is allowed: as little as may be in pitch, and in shape.

The path of least cost through the allowed pitches near each note (Viterbi's algorithm). What counts against a pitch: how
far it is from the one meant; on a strong place, that it is no tone of the chord; that the interval is not the one meant;
that a note repeats which was not to; a leap beyond a fifth.
"""

from collections.abc import Sequence

from daemon.generate.context import Context, chord_classes
from daemon.generate.masks import Masks
from daemon.generate.rules.landing import strength

REACH = 6
"""Semitones from the pitch meant, within which another is looked for."""


def fitted(meant: Sequence[tuple[int, int]], masks: Masks, context: Context, last: int) -> list[int]:
    """A pitch for each (tick, pitch) that is meant, before the line ends on pitch `last`. [any]

    Where nothing near is allowed, the pitch that is meant stays: the masks have the last word when it is played.
    """
    ahead: list[list[tuple[float, int, int]]] = []  # for each note: (cost, pitch, index of the pitch before)
    for i, (tick, wish) in enumerate(meant):
        chord = context.chord_at(tick)
        tones = chord_classes(chord) if chord is not None else ()
        foreign = 0.6 * strength(tick, context.meter)
        low = max(0, wish - REACH)
        allowed = masks.pitches([], tick)[low : wish + REACH + 1].tolist()
        near = [low + n for n, is_free in enumerate(allowed) if is_free] or [wish]
        options = []
        for pitch in near:
            own = abs(pitch - wish) + (foreign if tones and pitch % 12 not in tones else 0.0)
            if not i:
                options.append((own, pitch, 0))
                continue
            step = wish - meant[i - 1][1]
            cost, before = min(
                (cost + _bend(pitch - previous, step), k) for k, (cost, previous, _) in enumerate(ahead[-1])
            )
            options.append((cost + own, pitch, before))
        ahead.append(options)
    if not ahead:
        return []
    _, k = min((cost + _bend(last - pitch, last - meant[-1][1]), k) for k, (cost, pitch, _) in enumerate(ahead[-1]))
    found = []
    for options in reversed(ahead):
        _, pitch, k = options[k]
        found.append(pitch)
    return found[::-1]


def _bend(interval: int, meant: int) -> float:
    cost = 0.8 * abs(interval - meant)
    if interval == 0 != meant:
        cost += 1.5
    leap = abs(interval) - 7
    return cost + 0.6 * leap if leap > 0 else cost
