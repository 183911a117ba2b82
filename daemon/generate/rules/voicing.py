"""Voicings: of all the ways to lay a chord out, the one that moves least from the last and sounds clear.

D. Tymoczko, "The Geometry of Musical Chords", Science 313, 2006: the size of a voice leading, and that between chords of
as many voices the one without crossings is the least. M. Levine, *The Jazz Piano Book*, Sher 1989: left-hand voicings
without root in A and B form, drop 2, fourths. Low interval limits: as taught at Berklee (D. Lowell and K. Pullig,
*Arranging for Large Jazz Ensemble*, Berklee 2003).
"""

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from daemon.generate.context import ChordSpan
from daemon.generate.rules.changes import Key
from daemon.generate.rules.chord_scale import degrees
from dsp.harmony import CHORD_QUALITIES

Voicing = tuple[int, ...]
"""Pitches, lowest first."""

FORMS: dict[str, tuple[tuple[int, ...], ...]] = {
    "rootless": ((3, 5, 7, 9), (7, 9, 3, 5)),
    "drop2": ((5, 1, 3, 7), (7, 3, 5, 1), (1, 5, 7, 3), (3, 7, 1, 5), (5, 9, 3, 7), (3, 7, 9, 5), (7, 3, 5, 9)),
    "open": ((1, 5, 3), (3, 1, 5), (5, 3, 1), (1, 5, 1, 3), (5, 1, 3, 1), (1, 5, 3, 5), (5, 3, 1, 5), (3, 1, 5, 1)),
    "close": ((1, 3, 5), (3, 5, 1), (5, 1, 3), (1, 3, 5, 1), (3, 5, 1, 3), (5, 1, 3, 5)),
    "stab": ((1, 3, 5, 7), (3, 5, 7, 9), (5, 7, 1, 3), (7, 9, 3, 5), (5, 7, 9, 3), (5, 1, 3, 7)),
    "quartal": ((1, 5, 9, 3), (1, 5, 9, 5), (5, 9, 3, 7), (1, 11, 7, 3), (5, 1, 9, 3), (3, 1, 5, 9)),
}
"""Degrees from the lowest voice up."""

_WITH_SEVENTH = (
    (1, 7, 3),
    (1, 5, 7, 3),
    (3, 7, 1, 5),
    (7, 3, 5, 1),
    (1, 3, 5, 7),
    (3, 5, 7, 1),
    (5, 7, 1, 3),
    (7, 1, 3, 5),
)
_LOWEST = {1: 52, 2: 51, 3: 48, 4: 46, 5: 46, 6: 46, 7: 34, 8: 43, 9: 41, 10: 41, 11: 41}
"""Semitones between neighbours -> the lowest pitch at which they are clear."""
_SPARED = (5, 1, 13, 11, 9, 7, 3)
"""Which degrees are left out first where the voices are fewer: last what tells the chord, its guide tones."""


def distance(one: Sequence[int], other: Sequence[int]) -> int:
    """The least semitones that the voices move in all; where they are not as many, some part or meet. [any]"""
    if not one or not other:
        return 0
    if len(one) == len(other):
        return sum(abs(a - b) for a, b in zip(sorted(one), sorted(other), strict=True))
    costs: list[int] = []
    for a in sorted(one):
        row: list[int] = []
        for j, b in enumerate(sorted(other)):
            come = ([costs[j]] if costs else []) + ([row[-1]] if j else []) + ([costs[j - 1]] if costs and j else [])
            row.append(abs(a - b) + min(come, default=0))
        costs = row
    return costs[-1]


def choose(
    span: ChordSpan,
    previous: Sequence[int],
    allowed: np.ndarray,
    kind: str = "close",
    voices: int = 4,
    key: Key | None = None,
    ceiling: int = 127,
    detour: float = 0.0,
    dice: random.Random | None = None,
) -> Voicing:
    """The chord's next voicing: as near to the previous one (empty: to the middle) as the rules let it, plus up to `detour`.

    `allowed`: bool, shape (128,). Above `ceiling`, where the player is, it goes only if it must. Empty where nothing
    fits. [any]
    """
    pitches = np.flatnonzero(allowed)
    if not len(pitches):
        return ()
    low, high = int(pitches[0]), int(pitches[-1])
    fits = allowed.tolist()
    middle = (low + high) / 2
    best: Voicing = ()
    least = float("inf")
    for voicing in candidates(span.root, span.quality, key, kind, voices, low, high):
        if not all(fits[pitch] for pitch in voicing):
            continue
        cost = _cost(voicing, previous, middle, ceiling) + (voices - len(voicing)) * 7
        if detour and dice:
            cost += detour * dice.random()
        if cost < least:
            best, least = voicing, cost
    return best or _whatever(span, key, fits, low, high, voices, middle)


def _cost(voicing: Voicing, previous: Sequence[int], middle: float, ceiling: int) -> float:
    centre = abs(sum(voicing) / len(voicing) - middle)
    cost = 2.0 * max(0, voicing[-1] - ceiling) + (0.35 * max(0.0, centre - 4) if previous else centre)
    if previous:
        cost += distance(voicing, previous) + max(0, abs(voicing[-1] - previous[-1]) - 2)  # the top is heard most
    return cost


@lru_cache(4096)
def candidates(
    root: int, quality: int, key: Key | None, kind: str, voices: int, low: int, high: int
) -> tuple[Voicing, ...]:
    """Every voicing of a chord that is clear and within the range. [any]"""
    span = ChordSpan(0, root, quality)
    tones = degrees(span, key)
    leading = {tones[3]} if CHORD_QUALITIES[quality] == "7" else set()
    if key is not None:
        leading.add((key[0] - 1) % 12)
    found: dict[Voicing, None] = {}
    for form in _forms(kind, CHORD_QUALITIES[quality], tones, voices):
        for start in range(low + (tones[form[0]] - low) % 12, high + 1, 12):
            voicing = [start]
            for degree in form[1:]:
                step = (tones[degree] - voicing[-1]) % 12
                voicing.append(voicing[-1] + (step or 12))
            if voicing[-1] <= high and is_clear(voicing, leading):
                found[tuple(voicing)] = None
    return tuple(found)


def is_clear(voicing: Sequence[int], leading: set[int]) -> bool:
    """Wide below and close above, no minor ninth, no semitone on top, no leading tone (pitch classes) twice. [any]"""
    gaps = [upper - lower for lower, upper in pairwise(voicing)]
    if any(lower < _LOWEST.get(gap, 0) for lower, gap in zip(voicing, gaps, strict=False)):
        return False
    if any(gap > (16 if index == 0 else 12) for index, gap in enumerate(gaps)) or (gaps and gaps[-1] == 1):
        return False
    if any(upper - lower == 13 for index, lower in enumerate(voicing) for upper in voicing[index + 1 :]):
        return False
    return all(sum(pitch % 12 == tone for pitch in voicing) < 2 for tone in leading)


def _forms(kind: str, quality: str, tones: dict[int, int], voices: int) -> list[tuple[int, ...]]:
    """The kind's forms with what this chord has: a thirteenth for a dominant's fifth, the root for a missing ninth."""
    written = FORMS[kind]
    if "7" in quality and (kind == "open" or (kind == "close" and quality == "7")):
        written = _WITH_SEVENTH
    found = []
    for form in written:
        fitted = list(form)
        if kind == "rootless" and quality == "7" and 13 in tones:
            fitted = [13 if degree == 5 else degree for degree in fitted]
        instead = {9: 1, 13: 5, 11: 5}
        if kind in {"stab", "quartal"} and quality == "maj" and (tones[7] - tones[1]) % 12 == 10:
            fitted = [9 if degree == 7 else degree for degree in fitted]  # nobody asked for a dominant
        fitted = [degree if degree in tones else instead[degree] for degree in fitted]
        while len(fitted) > voices:
            fitted.remove(next(degree for degree in _SPARED if degree in fitted))
        found.append(tuple(fitted))
    return found


def _whatever(
    span: ChordSpan, key: Key | None, fits: list[bool], low: int, high: int, voices: int, middle: float
) -> Voicing:
    """Where no form fits, the chord's tones nearest to the middle that are allowed, a third or more apart."""
    tones = degrees(span, key)
    chosen: list[int] = []
    for degree in (3, 7, 1, 5) if "7" in CHORD_QUALITIES[span.quality] else (1, 3, 5):
        near = [pitch for pitch in range(low, high + 1) if fits[pitch] and pitch % 12 == tones[degree]]
        near = [pitch for pitch in near if all(abs(pitch - other) > 2 for other in chosen)]
        if near and len(chosen) < voices:
            chosen.append(min(near, key=lambda pitch: abs(pitch - middle)))
    return tuple(sorted(chosen))
