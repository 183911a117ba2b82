"""Places of the beat where notes begin, and how likely each is before anything is heard."""

import numpy as np

_SIMPLE = ((1, 0.40), (2, 0.22), (4, 0.08), (3, 0.06), (6, 0.01), (8, 0.006))
_COMPOUND = ((1, 0.30), (3, 0.20), (6, 0.05), (2, 0.03), (12, 0.005))
_ELSEWHERE = 0.001


def places(beat: int) -> np.ndarray:
    """Chance that a note begins on each tick of a beat of `beat` ticks (36: three eighths), shape (beat,), sum 1.

    Strong places are likely, as in D. Temperley, *Music and Probability*, MIT Press 2007.
    """
    chance = np.full(beat, _ELSEWHERE)
    for parts, each in reversed(_COMPOUND if beat % 36 == 0 else _SIMPLE):
        if beat % parts == 0:
            chance[:: beat // parts] = each
    return chance / chance.sum()
