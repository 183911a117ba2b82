"""Onsets, spectral flux (to be replaced)."""

import numpy as np

from dsp.hop import BINS, HOP_STATE, ONSET, emit
from dsp.kernel import kernel, record_at, zeros

STATE = np.dtype([("last", np.float32, (BINS,)), ("novelty", np.float32, (8,)), ("quiet", np.int64)], align=True)


def prepare(rate: float) -> np.ndarray:
    """State. [main]"""
    return zeros(STATE)


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Flux. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    flux = np.float32(0)
    m, last = hop.magnitude, s.last
    for k in range(BINS):
        v = np.log(np.float32(1) + np.float32(1000) * m[k])
        flux += max(np.float32(0), v - last[k])
        last[k] = v
    hop.features.onset_strength = flux
    n = s.novelty
    for k in range(7):
        n[k] = n[k + 1]
    n[7] = flux
    s.quiet += 1
    mean = (n[0] + n[1] + n[2] + n[3] + n[4] + n[5]) / 6
    if n[6] > n[7] and n[6] > n[5] and n[6] > mean + 60 and s.quiet > 5:
        s.quiet = 0
        emit(hop, ONSET, hop.end - 1024, n[6], 0.0, 0.0, 0.0, 0.0)
