"""Spectral bands for lights, centroid and flatness.

Low (below 200 Hz), mid (to 2.5 kHz) and high, each 0..1: a band's RMS against its own recent loudest, risen at once and
let fall smoothly. So a quiet and a loud input light the same, and silence stays dark (an absolute floor of -60 dBFS).
Centroid and flatness as in G. Peeters, "A large set of audio features", Ircam 2004.
"""

import numpy as np

from dsp.hop import FRAME, HOP, HOP_STATE
from dsp.kernel import inline, kernel, record_at, zeros

EDGES_HZ = (20.0, 200.0, 2500.0, 16000.0)
ATTACK_S, RELEASE_S = 0.005, 0.15
MEMORY_S = 8.0  # over which the loudest is forgotten
FLOOR = 0.001  # RMS a band must exceed to count as loud: -60 dBFS

STATE = np.dtype(
    [
        ("edges", np.int64, (4,)),  # first bin of each band, and the end of the last
        ("attack", np.float32),  # share of the way towards a higher, a lower target per hop
        ("release", np.float32),
        ("forget", np.float32),  # factor on `loudest` per hop
        ("loudest", np.float32, (3,)),  # RMS
        ("level", np.float32, (3,)),  # 0..1
        ("hz_per_bin", np.float32),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    hop_s = HOP / rate
    state["edges"] = [round(hz * FRAME / rate) for hz in EDGES_HZ]
    state["attack"] = 1 - np.exp(-hop_s / ATTACK_S)
    state["release"] = 1 - np.exp(-hop_s / RELEASE_S)
    state["forget"] = np.exp(-hop_s / MEMORY_S)
    state["loudest"] = FLOOR
    state["hz_per_bin"] = rate / FRAME
    return state


@inline
def _follow(s, band, power):
    """Move a band's level towards its share of the recent loudest. [audio]"""
    rms = np.sqrt(power / np.float32(3.0))  # a sine of RMS r fills three Hann bins with 3 r^2 in all
    s.loudest[band] = max(rms, np.float32(FLOOR), s.loudest[band] * s.forget)
    target = rms / s.loudest[band] if rms > np.float32(FLOOR) else np.float32(0)
    step = s.attack if target > s.level[band] else s.release
    s.level[band] += step * (target - s.level[band])
    if s.level[band] < np.float32(1e-4):
        s.level[band] = np.float32(0)
    return s.level[band]


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Write `low`, `mid`, `high`, `centroid_hz` and `flatness`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    magnitude, edges = hop.magnitude, s.edges
    total, moment, all_power = np.float32(0), np.float32(0), np.float32(0)
    log_sum, product, tiny = 0.0, 1.0, 1e-12
    out = hop.features
    for band in range(3):
        power = np.float32(0)
        for k in range(edges[band], edges[band + 1]):
            p = magnitude[k] * magnitude[k]
            power += p
            total += magnitude[k]
            moment += magnitude[k] * np.float32(k)
            product *= p + tiny
            if (k & 15) == 0:  # one logarithm for 16 bins: 1e-12 to the 16th still is a float64
                log_sum += np.log(product)
                product = 1.0
        all_power += power
        level = _follow(s, band, power)
        if band == 0:
            out.low = level
        elif band == 1:
            out.mid = level
        else:
            out.high = level
    n = edges[3] - edges[0]
    audible = total > np.float32(FLOOR)
    out.centroid_hz = moment / total * s.hz_per_bin if audible else np.float32(0)
    geometric = np.exp((log_sum + np.log(product)) / n)
    out.flatness = min(np.float32(1), geometric * n / (all_power + tiny)) if audible else np.float32(0)
