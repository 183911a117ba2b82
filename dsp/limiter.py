"""The master limiter: no sample leaves above the ceiling, and it adds no delay.

Feed-forward peak limiter, instant attack, exponential release (U. Zoelzer, *DAFX*, 2nd ed., ch. 4.2.2).
"""

import numpy as np

from dsp.kernel import inline

RELEASE_S = 0.08


def release(rate: float) -> float:
    """Per-sample share of the gain reduction given back, at `rate` Hz."""
    return 1.0 - float(np.exp(-1.0 / (RELEASE_S * rate)))


@inline
def limit(left, right, n, gain, ceiling, give_back):
    """Limit `n` samples of both channels in place, linked; returns the gain to go on from. [audio]"""
    for i in range(n):
        gain += (np.float32(1) - gain) * give_back
        top = max(abs(left[i]), abs(right[i]))
        if top * gain > ceiling:
            gain = ceiling / top
        left[i] *= gain
        right[i] *= gain
    return gain
