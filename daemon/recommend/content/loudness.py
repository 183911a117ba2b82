"""Whether the level has to be moved: integrated loudness against what plays now (EBU R 128, ITU-R BS.1770)."""

import numpy as np
from numba import njit

_NONE, _ONE = np.float32(0.0), np.float32(1.0)
_SLOPE = np.float32(1 / 12)  # a LU's


@njit(cache=True, nogil=True, error_model="numpy")
def match(playing, candidate):
    """1 at the same loudness, 0 from 12 LU apart; NaN where not known. Both in LUFS, float32."""
    value = _ONE - abs(candidate - playing) * _SLOPE
    return _NONE if value < _NONE else value


def text(playing: float, candidate: float) -> str:
    """`-9.0 -> -7.5 LUFS, 1.5 LU louder`."""
    rise = candidate - playing
    words = f"{playing:.1f} -> {candidate:.1f} LUFS"
    return (
        f"{words}, as loud" if abs(rise) < 0.5 else f"{words}, {abs(rise):.1f} LU {'louder' if rise > 0 else 'softer'}"
    )
