"""F0 of a single voice: the mean around the peak of the network's pitch bins, voicing with hysteresis.

The weighted mean is that of J. W. Kim et al., "CREPE", ICASSP 2018. The network remembers by itself: a forward filter over
the bins (after M. Mauch and S. Dixon, "pYIN", ICASSP 2014) made the pitch worse the more it held on to (.919 against .932).
"""

import numpy as np

from dsp.activations import BINS_PER_SEMITONE, F0_BINS, LATE_S, LOWEST
from dsp.decoders.sink import emit
from dsp.hop import F0
from dsp.kernel import inline, zeros

AROUND = 3  # bins on either side of the peak that are averaged
VOICED, UNVOICED = 0.5, 0.4  # probability to become voiced, and to stay so

STATE = np.dtype(
    [
        ("late", np.int64),  # samples
        ("voiced", np.float32),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["late"] = round(LATE_S["f0"] * rate)
    return state


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits F0: in Hz, the best guess even where there is no voice; confidence 0..1; 1 where voiced, else 0.
    """
    best = 0
    for b in range(F0_BINS):
        if row.f0[b] > row.f0[best]:
            best = b
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
