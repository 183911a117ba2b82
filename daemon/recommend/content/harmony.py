"""Whether two items sound together: keys near on the wheel, and pitch classes that are alike.

A fader that is not at 0 transposes: +5.9 % is a semitone up. Players' key lock is off until it is switched on, so a
candidate is compared as it will sound once its tempo is matched, to the nearest semitone; with key lock as it is.
"""

import numpy as np
from numba import njit

from daemon.recommend.content.camelot import N_KEYS, camelot, relation, steps, transposed
from daemon.recommend.content.tempo import signed

BY_STEPS = (1.0, 0.85, 0.5, 0.25, 0.1, 0.0, 0.0, 0.0)
"""How well keys so many steps apart on the wheel go together."""

WHEEL = np.array([[BY_STEPS[steps(a, b)] for b in range(N_KEYS)] for a in range(N_KEYS)], np.float32)
"""From a key to a key."""

_EDGES = tuple(100.0 * (2.0 ** ((n + 0.5) / 12) - 1.0) for n in range(12))  # percent
_EDGES_DOWN = tuple(100.0 * (1.0 - 2.0 ** (-(n + 0.5) / 12)) for n in range(12))


@njit(cache=True, nogil=True, error_model="numpy")
def semitones(percent):
    """What a fader at `percent` transposes by, rounded; at most an octave."""
    n = 0
    if percent >= 0.0:
        while n < 12 and percent > _EDGES[n]:
            n += 1
        return n
    while n < 12 and -percent > _EDGES_DOWN[n]:
        n += 1
    return -n


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of two chromas; 0 where one is flat. [any]"""
    a, b = a - a.mean(dtype=np.float64), b - b.mean(dtype=np.float64)
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / length, -1.0, 1.0)) if length > 1e-9 else 0.0


def text(playing: int, candidate: int, transposition: int, percent: float) -> str:
    """`8A -> 9A, one up the wheel`; `8A -> 1A, 8A at fader +6.0 %, same key`."""
    sounding = transposed(candidate, transposition)
    words = f"{camelot(playing)} -> {camelot(candidate)}"
    if transposition:
        words += f", {camelot(sounding)} at fader {signed(percent)} %"
    return f"{words}, {relation(playing, sounding)}"


def chroma_text(r: float, transposition: int, percent: float) -> str:
    """`notes correlate 0.83`."""
    return f"notes correlate {r:.2f}" + (f" at fader {signed(percent)} %" if transposition else "")
