"""The intake: a block is cleaned, halved above 64 kHz and mixed, as in the engine, before frames are made of it."""

import numpy as np

from dsp import decimate, spectrogram
from dsp.block import LOUDEST_BITS
from dsp.kernel import inline, zeros

PART = 2048  # samples that are taken at a time
FRAMES = PART * 100 // 32000 + 2  # that they complete at most

INTAKE = np.dtype(
    [
        ("halves", np.int64),  # 1: every second sample is heard
        ("decimator", decimate.DECIMATOR),
        ("block", np.float32, (2, PART)),  # what is taken next
        ("mono", np.float32, (PART,)),
        ("bands", np.float32, (FRAMES, 2, spectrogram.BANDS)),
        ("tones", np.float32, (FRAMES, spectrogram.TONES)),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State, shape (1,), for an engine rate in Hz. [any]"""
    state = zeros(INTAKE)
    state["halves"] = decimate.factor(rate) == 2
    decimate.prepare(state["decimator"][0])
    return state


@inline
def take(intakes, spectrograms, n):
    """Take the first `n` samples of `block`; gives how many frames are in `bands` and `tones` now. [worker]

    What is no sound (NaN, infinite, beyond any converter) is silence. The bits are looked at, because fast arithmetic takes
    it that no NaN exists.
    """
    s = intakes[0]
    left, right, mono = s.block[0], s.block[1], s.mono
    for c in range(2):
        bits = s.block[c].view(np.uint32)
        for i in range(n):
            if bits[i] & 0x7FFFFFFF > LOUDEST_BITS:
                bits[i] = np.uint32(0)
    made = 0
    if s.halves == 0:
        for i in range(n):
            mono[i] = np.float32(0.5) * (left[i] + right[i])
        made = n
    else:
        d = s.decimator
        for i in range(n):
            if decimate.halve(d, left[i], right[i]):
                mono[made] = np.float32(0.5) * (decimate.filtered(d, 0) + decimate.filtered(d, 1))
                made += 1
    return spectrogram.push(spectrograms, mono[:made], s.bands, s.tones)
