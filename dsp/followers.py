"""Followers for light: how loud the newest sound is, in three bands, sample by sample; and where an attack begins.

An analysis hop is 256 samples; light that follows a hand cannot wait for it. Bands are split by second-order Butterworth
filters (R. Bristow-Johnson's cookbook formulae); each level is against the loudest of the last seconds, as on a meter that
is turned up for a quiet song. An attack is where the fast power stands far above the slow one.
"""

import numpy as np

from dsp.kernel import inline

FOLLOWERS = np.dtype(
    [
        ("low_pass", np.float64, (5,)),  # b0 b1 b2 a1 a2
        ("high_pass", np.float64, (5,)),
        ("low_past", np.float64, (2,)),  # of the transposed direct form II
        ("high_past", np.float64, (2,)),
        ("power", np.float64, (4,)),  # all, low, mid, high: mean squares of the last milliseconds
        ("peak", np.float64, (4,)),  # the largest of late, falling slowly
        ("slow", np.float64),  # power of the last tenth of a second
        ("fast_step", np.float64),  # of one sample
        ("slow_step", np.float64),
        ("peak_keep", np.float64),
        ("rest", np.int64),  # samples until another attack may begin
        ("rest_samples", np.int64),
        ("attacks", np.int64),  # ever found
        ("levels", np.float64, (4,)),  # 0..1: all, low, mid, high
        ("loudness", np.float64),  # RMS of the slow power, full scale = 1
    ],
    align=True,
)

LOW_HZ, HIGH_HZ = 150.0, 3000.0
FAST_S, SLOW_S, PEAK_S, REST_S = 0.004, 0.1, 8.0, 0.06
QUIET = 2e-3  # RMS of a full-scale sound below which nothing is loud, however quiet the rest
JUMP = 4.0  # in power: 6 dB


def prepare(f: np.ndarray, rate: float) -> None:
    """Set a zeroed record (shape (1,)) up for sound at `rate` Hz. [any]"""
    f["low_pass"], f["high_pass"] = _butterworth(LOW_HZ / rate, False), _butterworth(HIGH_HZ / rate, True)
    f["fast_step"], f["slow_step"] = 1 - np.exp(-1 / (FAST_S * rate)), 1 - np.exp(-1 / (SLOW_S * rate))
    f["peak_keep"] = np.exp(-1 / (PEAK_S * rate))
    f["rest_samples"] = round(REST_S * rate)


def _butterworth(part: float, is_high: bool) -> list[float]:
    """b0 b1 b2 a1 a2 at a part of the rate."""
    w = 2 * np.pi * part
    c, alpha = np.cos(w), np.sin(w) / np.sqrt(2)
    b1 = -(1 + c) if is_high else 1 - c
    b0 = abs(b1) / 2
    return [value / (1 + alpha) for value in (b0, b1, b0, -2 * c, 1 - alpha)]


@inline
def follow(f, left, right):
    """Follow a record on through clean float32 arrays of one length; then all is up to their last sample. [any]"""
    low, high, power, peak = f.low_pass, f.high_pass, f.power, f.peak
    l1, l2 = f.low_past[0], f.low_past[1]
    h1, h2 = f.high_past[0], f.high_past[1]
    fast, keep, slow, rest = f.fast_step, f.peak_keep, f.slow, f.rest
    for i in range(left.size):
        x = 0.5 * (left[i] + right[i])
        bass = low[0] * x + l1
        l1 = low[1] * x - low[3] * bass + l2
        l2 = low[2] * x - low[4] * bass
        treble = high[0] * x + h1
        h1 = high[1] * x - high[3] * treble + h2
        h2 = high[2] * x - high[4] * treble
        middle = x - bass - treble
        power[0] += fast * (x * x - power[0])
        power[1] += fast * (bass * bass - power[1])
        power[2] += fast * (middle * middle - power[2])
        power[3] += fast * (treble * treble - power[3])
        slow += f.slow_step * (x * x - slow)
        for k in range(4):
            peak[k] = max(power[k], peak[k] * keep)
        if rest > 0:
            rest -= 1
        elif power[0] > JUMP * slow and power[0] > QUIET * QUIET:
            f.attacks += 1
            rest = f.rest_samples
    f.low_past[0], f.low_past[1] = l1, l2
    f.high_past[0], f.high_past[1] = h1, h2
    f.slow, f.rest = slow, rest
    f.loudness = np.sqrt(slow)
    for k in range(4):
        f.levels[k] = min(1.0, np.sqrt(power[k] / max(peak[k], QUIET * QUIET)))
