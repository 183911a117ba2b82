"""Level: peak, RMS, and loudness by ITU-R BS.1770-4 (K-weighting; 400 ms momentary, 3 s short-term).

The K-weighting biquads are the standard's analogue prototypes moved to the analysis rate by the bilinear transform, as in
libebur128 and in Annex 1 of the standard (whose table is for 48 kHz).
"""

import numpy as np

from dsp.hop import HOP, HOP_STATE
from dsp.kernel import inline, kernel, record_at, zeros

SLOTS = 1024  # hops of energy kept: more than 3 s at 64 kHz (750)
FLOOR_LUFS = -70.0  # the standard's absolute gate; silence reads this

STATE = np.dtype(
    [
        ("shelf", np.float64, (5,)),  # b0 b1 b2 a1 a2
        ("highpass", np.float64, (5,)),
        ("memory", np.float64, (2, 4)),  # per channel: two delays per biquad, transposed direct form II
        ("energy", np.float64, (SLOTS,)),  # per hop: sum over channels of the K-weighted mean square
        ("momentary_hops", np.int64),
        ("short_term_hops", np.int64),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    gain_db, q, f0 = 3.999843853973347, 0.7071752369554196, 1681.974450955533
    k, vh = np.tan(np.pi * f0 / rate), 10 ** (gain_db / 20)
    vb, a0 = vh**0.4996667741545416, 1 + k / q + k * k
    state["shelf"] = [
        (vh + vb * k / q + k * k) / a0,
        2 * (k * k - vh) / a0,
        (vh - vb * k / q + k * k) / a0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    q, f0 = 0.5003270373238773, 38.13547087602444
    k = np.tan(np.pi * f0 / rate)
    a0 = 1 + k / q + k * k
    state["highpass"] = [1, -2, 1, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    state["momentary_hops"] = round(0.4 * rate / HOP)
    state["short_term_hops"] = round(3.0 * rate / HOP)
    return state


@inline
def _k_weighted_energy(x, shelf, highpass, m):
    """Mean square of the K-weighted hop `x`; `m` is the channel's four delays. [audio]"""
    total = 0.0
    for i in range(HOP):
        v = np.float64(x[i])
        y = shelf[0] * v + m[0]
        m[0] = shelf[1] * v - shelf[3] * y + m[1]
        m[1] = shelf[2] * v - shelf[4] * y
        z = highpass[0] * y + m[2]
        m[2] = highpass[1] * y - highpass[3] * z + m[3]
        m[3] = highpass[2] * y - highpass[4] * z
        total += z * z
    return total / HOP


@inline
def _loudness(energy, newest, n):
    total = 0.0
    for i in range(n):
        total += energy[(newest - i) % SLOTS]
    mean = total / n
    return max(FLOOR_LUFS, -0.691 + 10.0 * np.log10(mean)) if mean > 1e-12 else FLOOR_LUFS


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Write `peak`, `rms`, `momentary_lufs`, `short_term_lufs`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    left, right = hop.left, hop.right
    peak, square = np.float32(0), np.float32(0)
    for i in range(HOP):
        a, b = left[i], right[i]
        peak = max(peak, abs(a), abs(b))
        square += a * a + b * b
    memory = s.memory
    energy = _k_weighted_energy(left, s.shelf, s.highpass, memory[0])
    if hop.channels == 2:
        energy += _k_weighted_energy(right, s.shelf, s.highpass, memory[1])
    newest = hop.index % SLOTS
    s.energy[newest] = energy
    out = hop.features
    out.peak = peak
    out.rms = np.sqrt(square / (2 * HOP))
    out.momentary_lufs = _loudness(s.energy, newest, s.momentary_hops)
    out.short_term_lufs = _loudness(s.energy, newest, s.short_term_hops)
