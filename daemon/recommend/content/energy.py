"""Whether the energy goes where the DJ wants it: up, held or down from what plays now."""

import numpy as np
from numba import njit

STEPS = {"up": 0.1, "hold": 0.0, "down": -0.1}
"""How much the next one's energy should differ."""

_NONE, _ONE = np.float32(0.0), np.float32(1.0)
_SLOPE = np.float32(2.0)  # a scale's
_SAME = 0.03  # a difference nobody would call one


def wanted(playing: float, direction: str) -> float:
    """The energy looked for, 0..1."""
    return float(min(1.0, max(0.0, playing + STEPS[direction])))


@njit(cache=True, nogil=True, error_model="numpy")
def match(target, candidate):
    """1 where it is what is wanted, 0 half a scale away; NaN where not known. Both float32."""
    value = _ONE - abs(candidate - target) * _SLOPE
    return _NONE if value < _NONE else value


def text(playing: float, candidate: float) -> str:
    """`energy 0.62 -> 0.70, up`."""
    rise = np.float64(candidate) - playing
    way = "held" if abs(rise) < _SAME else "up" if rise > 0 else "down"
    return f"energy {playing:.2f} -> {candidate:.2f}, {way}"
