"""Harmony by rule: the chord that fits what was just sung, among those that usually follow, decided a beat ahead.

Progressions are the table of usual root progressions (W. Piston, *Harmony*, 1941) with tonic, subdominant and
dominant functions; a phrase of four bars tends to end on the dominant, one of eight on the tonic. Chords move on
strong beats.
"""

from collections.abc import Sequence

import numpy as np

from daemon.generate.beats import Beat
from daemon.generate.context import ChordSpan, chord_classes
from daemon.generate.following import NONE, Chord, Following, Line
from dsp.harmony import CHORD_QUALITIES

MAJ, MIN, DIM = (CHORD_QUALITIES.index(name) for name in ("maj", "min", "dim"))
DEGREES = (
    ((0, MAJ), (2, MIN), (4, MIN), (5, MAJ), (7, MAJ), (9, MIN), (11, DIM)),
    ((0, MIN), (2, DIM), (3, MAJ), (5, MIN), (7, MAJ), (8, MAJ), (10, MAJ)),
)
"""By mode: the chords on the seven degrees, (root from the tonic, quality); minor has its dominant major."""
USUAL = np.array(
    [
        # to I   II   III  IV   V    VI   VII
        (0.6, 0.5, 0.2, 1.0, 1.0, 0.6, 0.1),  # from I
        (0.3, 0.3, 0.1, 0.3, 1.0, 0.3, 0.1),  # II
        (0.3, 0.3, 0.2, 0.6, 0.3, 1.0, 0.1),  # III
        (0.8, 0.5, 0.1, 0.4, 1.0, 0.2, 0.1),  # IV
        (1.0, 0.1, 0.1, 0.4, 0.4, 0.6, 0.1),  # V
        (0.3, 0.8, 0.3, 0.8, 0.8, 0.3, 0.1),  # VI
        (1.0, 0.1, 0.6, 0.1, 0.3, 0.3, 0.1),  # VII
    ]
)
COMMON = np.array((0.45, 0.1, 0.0, 0.3, 0.4, 0.15, 0.0))  # how often a degree is met at all
FADE = 0.6  # of what was sung, each beat
HOLD = 0.5  # what the sounding chord has over the others: on a downbeat half of it
CADENCE = 0.8
WEIGHTS = (1.6, 0.5, 1.0)  # of fit, of progression, of commonness


class Functional:
    """The filter. Its state: how much of each pitch class, from the tonic, was sung of late: shape (12,)."""

    def start(self) -> np.ndarray:
        """Nothing sung."""
        return np.zeros(12)

    def step(self, state: np.ndarray, line: Line, k: int, past: Chord, stated: bool) -> np.ndarray:
        """What sounds counts, and again what is struck."""
        return FADE * state + line.relative("sounding", k) + 0.5 * line.relative("struck", k)

    def ahead(self, state: np.ndarray, beats: Sequence[Beat], past: Chord, mode: int) -> list[Chord]:
        """Beat after beat; the further, the less what was sung says."""
        found: list[Chord] = []
        for beat in beats:
            past = self._next(state, beat, past, mode)
            found.append(past)
            state = state * FADE
        return found

    def _next(self, sung: np.ndarray, beat: Beat, past: Chord, mode: int) -> Chord:
        strong = beat.place == 0 or beat.place * 2 == beat.of
        if past != NONE and not strong:
            return past
        degrees = DEGREES[mode]
        share = sung / max(1.0, float(sung.sum()))
        fits = np.array([share[list(chord_classes(ChordSpan(0, root, quality)))].sum() for root, quality in degrees])
        now = next((k for k, (root, _) in enumerate(degrees) if root == past.root), None) if past != NONE else None
        usual = USUAL[now] if now is not None else USUAL[0]
        worth = WEIGHTS[0] * fits + WEIGHTS[1] * usual + WEIGHTS[2] * COMMON
        bar = beat.bar % 8
        if bar == 3:
            worth[4] += CADENCE
        elif bar == 7:
            worth[0 if beat.place else 4] += CADENCE
        elif bar == 0 and beat.place == 0:
            worth[0] += CADENCE
        if now is not None:
            worth[now] += HOLD / 2 if beat.place == 0 else HOLD
        best = int(worth.argmax())
        return past if best == now else Chord(*degrees[best])


class Rules(Following):
    """The Harmony of the registry."""

    def __init__(self) -> None:
        super().__init__(Functional())
