"""Oscillators: one sample of a wave at a phase in turns, band-limited where the wave has edges. All: [any].

An edge is smoothed by the integral of the cubic B-spline, and a corner by its second integral, over four samples:
polynomial BLEP and BLAMP (V. Valimaki, J. Pekonen, J. Nam, J. Acoust. Soc. Am. 131(1), 2012; F. Esqueda, V. Valimaki,
S. Bilbao, "Rounding corners with BLAMP", DAFx 2016).
"""

import math

import numpy as np

from dsp.kernel import inline

_S1, _S3, _S5, _S7, _S9, _S11, _S13 = (
    (-1.0) ** k * (2.0 * math.pi) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(7)
)


@inline
def wrapped(turns):
    """The same phase in [0, 1)."""
    return turns - np.floor(turns)


@inline
def sine(turns):
    """The sine of a phase in turns, to within 1e-9: the nearest quarter of a turn by Taylor's series."""
    x = turns - np.floor(turns + 0.5)
    t = 0.25 - abs(abs(x) - 0.25)
    y = t * t
    s = t * (_S1 + y * (_S3 + y * (_S5 + y * (_S7 + y * (_S9 + y * (_S11 + y * _S13))))))
    return s if x >= 0.0 else -s


@inline
def _edge(a):
    """What a smooth step of 1 has already, `a` samples before it; the other way round, what it lacks after it."""
    a = min(a, 2.0)
    b = 2.0 - a
    near = 0.5 + a * (a * a * (2.0 - 0.75 * a) - 4.0) / 6.0
    return near if a < 1.0 else b * b * b * b / 24.0


@inline
def _corner(a):
    """How far a smooth corner of slope 1 lies above the sharp one, `a` samples from it."""
    a = min(a, 2.0)
    b = 2.0 - a
    near = 7.0 / 30.0 + a * (a * (1.0 / 3.0 + a * a * (a / 40.0 - 1.0 / 12.0)) - 0.5)
    return near if a < 1.0 else b * b * b * b * b / 120.0


@inline
def saw(p, step):
    """A rising saw, -1..1, at a phase in [0, 1); `step` is the phase's way in one sample."""
    return 2.0 * (p - _edge((1.0 - p) / step) + _edge(p / step)) - 1.0


@inline
def pulse(p, step, width):
    """High for `width` of a turn, low for the rest, around 0."""
    return saw(wrapped(p + width), step) - saw(p, step)


@inline
def triangle(p, step):
    """A triangle, -1..1, at a phase in [0, 1); its peak is at 0."""
    middle = abs(p - 0.5)
    return 4.0 * middle - 1.0 + 8.0 * step * (_corner(middle / step) - _corner((0.5 - middle) / step))


@inline
def noise(seed, k):
    """White noise, -1..1: the k-th number of a seed, by an integer hash (C. Wellons' lowbias32)."""
    x = np.uint32(np.uint64(k) + np.uint64(seed) * np.uint64(0x9E3779B1))
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x ^= x >> np.uint32(15)
    x = np.uint32(x * np.uint32(0x846CA68B))
    x ^= x >> np.uint32(16)
    return np.float64(x) * (2.0 / 4294967295.0) - 1.0
