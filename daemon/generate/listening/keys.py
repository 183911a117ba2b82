"""The key of what was played, where nobody has said it."""

from collections.abc import Sequence

import numpy as np

from daemon.generate.note import Played
from dsp.harmony import key_profiles

FADE = 0.5  # of a note's weight, at as many notes ago as
HALF_LIFE = 96.0
LEAST_NOTES = 8
SURE = 5.0  # confidence for each unit of correlation by which a key leads

_PROFILES = np.array([np.roll(profile, tonic) for profile in key_profiles() for tonic in range(12)])


def key_of(notes: Sequence[Played]) -> tuple[int, int, float]:
    """(tonic, mode, confidence) of notes, oldest first; confidence 0 where there are too few to tell.

    How long each pitch class sounded, newer notes more, against the profiles of keys: C. Krumhansl, *Cognitive Foundations
    of Musical Pitch*, 1990.
    """
    if len(notes) < LEAST_NOTES:
        return 0, 0, 0.0
    weight = FADE ** (np.arange(len(notes))[::-1] / HALF_LIFE) * np.array([note.duration for note in notes])
    heard = np.bincount([note.pitch % 12 for note in notes], weight, 12)
    centred = heard - heard.mean()
    length = float(np.linalg.norm(centred))
    if length < 1e-9:
        return 0, 0, 0.0
    fit = _PROFILES @ centred / length
    best = int(np.argmax(fit))
    second = float(np.partition(fit, -2)[-2])
    return best % 12, best // 12, min(max(SURE * (float(fit[best]) - second), 0.0), 1.0)
