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

CHROMA_WIDTH = 16  # of a packed row: a vector register
CHROMA_SCALE = 127

_UP = tuple(np.float32(100.0 * (2.0 ** ((n + 0.5) / 12) - 1.0)) for n in range(12))  # percent
_DOWN = tuple(np.float32(100.0 * (2.0 ** (-(n + 0.5) / 12) - 1.0)) for n in range(12))


@njit(cache=True, nogil=True, error_model="numpy")
def semitones(percent):
    """What a fader at `percent` (float32) transposes by, rounded; at most an octave. Counted, for that has no branches."""
    n = np.int32(0)
    for edge in _UP:
        n = np.int32(n + np.int32(percent > edge))
    for edge in _DOWN:
        n = np.int32(n - np.int32(percent < edge))
    return n


def centred(chroma: np.ndarray) -> np.ndarray:
    """Rows of 12 less their mean, of length 1: their products are correlations. 0 where flat, NaN where not known."""
    less = chroma - chroma.mean(axis=-1, keepdims=True)
    length = np.sqrt((less * less).sum(axis=-1, keepdims=True))
    return np.where(length > 1e-5, less / np.maximum(length, 1e-5), less * 0.0)


def packed(chroma: np.ndarray) -> np.ndarray:
    """int8 (n, CHROMA_WIDTH): `centred` in 127ths; -128 first where not known."""
    rows = centred(chroma)
    known = np.isfinite(rows)
    table = np.zeros((len(rows), CHROMA_WIDTH), np.int8)
    table[:, :12] = np.rint(np.where(known, rows, 0.0) * CHROMA_SCALE)
    table[~known[:, 0], 0] = -128
    return table


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
