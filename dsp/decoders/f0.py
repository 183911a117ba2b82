"""F0 of a single voice: a forward filter over the network's pitch bins, the mean around its peak, voicing with hysteresis.

The weighted mean around the peak is that of J. W. Kim et al., "CREPE", ICASSP 2018; the filter is the forward half of the
hidden Markov model that M. Mauch and S. Dixon, "pYIN", ICASSP 2014, decode by Viterbi.
"""

import numpy as np

from dsp.activations import BINS_PER_SEMITONE, F0_BINS, LATE_S, LOWEST
from dsp.decoders.sink import emit
from dsp.hop import F0
from dsp.kernel import inline, zeros

REACH = 4  # bins that a voice may glide in a frame
JUMP = 0.05  # chance that it goes anywhere
AROUND = 3  # bins on either side of the peak that are averaged
VOICED, UNVOICED = 0.5, 0.4  # probability to become voiced, and to stay so

STATE = np.dtype(
    [
        ("late", np.int64),  # samples
        ("belief", np.float32, (F0_BINS,)),
        ("before", np.float32, (F0_BINS,)),  # scratch
        ("glide", np.float32, (2 * REACH + 1,)),
        ("voiced", np.float32),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["late"] = round(LATE_S["f0"] * rate)
    state["belief"] = 1 / F0_BINS
    glide = REACH + 1 - np.abs(np.arange(-REACH, REACH + 1.0))
    state["glide"] = glide / glide.sum()
    return state


@inline
def _follow(s, f0):
    """One step of the filter; returns the likeliest bin. [worker]"""
    belief, before = s.belief, s.before
    for b in range(F0_BINS):
        before[b] = belief[b]
        belief[b] = np.float32(JUMP / F0_BINS)
    for k in range(2 * REACH + 1):
        weight, shift = np.float32(1 - JUMP) * s.glide[k], k - REACH
        for b in range(max(0, -shift), min(F0_BINS, F0_BINS - shift)):
            belief[b + shift] += weight * before[b]
    total = np.float32(0)
    for b in range(F0_BINS):
        belief[b] *= f0[b] + np.float32(1e-5)
        total += belief[b]
    scale, best = np.float32(1) / max(total, np.float32(1e-30)), 0
    for b in range(F0_BINS):
        belief[b] *= scale
        if belief[b] > belief[best]:
            best = b
    return best


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits F0: in Hz, the best guess even where there is no voice; confidence 0..1; 1 where voiced, else 0.
    """
    best = _follow(s, row.f0)
    mass, place = np.float32(1e-9), np.float32(1e-9) * best
    for b in range(max(0, best - AROUND), min(F0_BINS, best + AROUND + 1)):
        mass += row.f0[b]
        place += row.f0[b] * b
    pitch = np.float32(LOWEST) + (place / mass - np.float32(1)) / np.float32(BINS_PER_SEMITONE)
    hz = np.float32(440) * np.exp2((pitch - np.float32(69)) / np.float32(12))
    confidence = row.voiced * min(mass, np.float32(1))
    least = np.float32(UNVOICED) if s.voiced > 0 else np.float32(VOICED)
    s.voiced = np.float32(1) if row.voiced >= least else np.float32(0)
    if end >= s.late:  # what lies before the stream's beginning has no time
        emit(out, F0, end - s.late, end, hz, confidence, s.voiced, np.float32(0))
