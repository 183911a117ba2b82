"""How well two tempi meet: the pitch fader that brings one to the other, directly, at half time or at double time."""

import numpy as np
from numba import njit

FACTORS = (1.0, 2.0, 0.5)
"""What the candidate's tempo is counted as; the first of two equally near ones is taken."""

_NONE, _HALF, _ONE, _TWO, _HUNDRED = (
    np.float32(number) for number in (0, 0.5, 1, 2, 100)
)  # or Numba goes on in double
_LEAST_RANGE = np.float32(0.5)  # percent: without a fader, what nobody hears is still a match


@njit(cache=True, nogil=True, error_model="numpy")
def fader(playing, candidate):
    """(percent to set the candidate's fader to, the factor its tempo is counted by). BPM, float32, above 0; NaN for NaN."""
    ratio = playing / candidate
    direct, double, half = ratio - _ONE, ratio * _HALF - _ONE, ratio * _TWO - _ONE
    is_double = abs(double) < abs(direct)
    percent = double if is_double else direct
    is_half = abs(half) < abs(percent)
    factor = _HALF if is_half else _TWO if is_double else _ONE
    return (half if is_half else percent) * _HUNDRED, factor


@njit(cache=True, nogil=True, error_model="numpy")
def match(percent, fader_range):
    """1 without fader, a half at the end of its range (percent), 0 at twice that; NaN for NaN. Both float32."""
    value = _ONE - abs(percent) / (_TWO * max(fader_range, _LEAST_RANGE))
    return _NONE if value < _NONE else value


def text(playing: float, candidate: float, fader_range: float) -> str:
    """`126.0 -> 128.0 BPM, fader -1.6 %`. [any]"""
    percent, factor = fader(np.float32(playing), np.float32(candidate))
    words = f"{playing:.1f} -> {candidate:.1f} BPM"
    if factor != 1.0:
        words += ", double time" if factor == 0.5 else ", half time"
    words += f", fader {signed(percent)} %"
    return words if abs(percent) <= fader_range else f"{words}, beyond its {fader_range:g}"


def signed(percent: float) -> str:
    """`+1.6`, `-1.6`, `0.0`."""
    short = f"{percent:+.1f}"
    return "0.0" if short in ("+0.0", "-0.0") else short
