"""A delay-locked loop from a driver's jittery time stamps to a smooth line of samples against seconds.

Source: F. Adriaensen, "Using a DLL to filter time", Linux Audio Conference 2005.
"""

import numpy as np

from dsp.kernel import inline

BANDWIDTH_HZ = 0.5
RELOCK_S = 0.05  # a step this large is a gap in the stream, not jitter

DLL = np.dtype(
    [
        ("sample", np.int64),  # the line passes through (sample, time_s)
        ("time_s", np.float64),  # CLOCK_MONOTONIC
        ("period_s", np.float64),  # filtered seconds per sample; 0 = not yet locked
        ("origin_s", np.float64),  # the line at sample 0: who reads while this is written sees whether the parts agree
    ],
    align=True,
)


@inline
def update(d, sample, n, now_s, rate):
    """Feed the block of `n` samples that starts at `sample` and was handed over at `now_s`. [audio]"""
    step = sample - d.sample
    predicted = d.time_s + step * d.period_s
    error = now_s - predicted
    if d.period_s == 0.0 or step <= 0 or abs(error) > RELOCK_S:
        d.time_s, d.period_s = now_s, 1.0 / rate
    else:
        omega = 2.0 * np.pi * BANDWIDTH_HZ * step / rate
        d.time_s = predicted + np.sqrt(2.0) * omega * error
        d.period_s += omega * omega * error / step
    d.sample = sample
    d.origin_s = d.time_s - sample * d.period_s
