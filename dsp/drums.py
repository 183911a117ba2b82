"""Which drum struck: a small fitted classifier of an attack's first milliseconds, run when an onset is decided.

That is often only 5 ms after the stroke, when a symmetric window has hardly begun to see it. So the newest 512 samples
are weighed with a window that rises slowly and ends steeply, and so are those of three hops before, for the rise. Twelve
bands of both, as logarithms relative to the slow reference level (dsp/attack.py), go through one layer of ReLU units.

`drums.npz` holds the weights; `drums.md` beside it says how they were fitted, to what, and how well they do.
"""

from pathlib import Path

import numpy as np

from dsp import fft
from dsp.kernel import inline

LOW, MID, HIGH, FULL = range(4)  # a kick; a snare or clap; a hat, cymbal or shaker alone; none of these, or undecidable

FRAME = 512  # samples
WINDOW_RISE, WINDOW_FALL = 384, 16  # samples of its sine-squared slopes
BEFORE = 768  # samples between the two frames
EDGES_HZ = [30.0, 130.0, 220.0, 350.0, 550.0, 900.0, 1500.0, 2500.0, 4000.0, 6000.0, 8500.0, 12000.0, 16000.0]
N_BANDS = len(EDGES_HZ) - 1
N_INPUTS = 2 * N_BANDS  # the bands now, then their rises
DOUBT = 0.5  # log odds by which a drum must be likelier than none: a kick that is missed harms less than one made up
FITTED = np.load(Path(__file__).with_suffix(".npz"))
N_UNITS = FITTED["hidden_bias"].size

STATE = np.dtype(
    [
        ("window", np.float32, (FRAME,)),
        ("fft", fft.dtype(FRAME)),
        ("edge", np.int64, (N_BANDS + 1,)),  # first bins of the bands, and the last one's end
        ("input", np.float32, (N_INPUTS,)),
        ("before", np.float32, (N_BANDS,)),  # scratch
        ("hidden", np.float32, (N_INPUTS, N_UNITS)),
        ("hidden_bias", np.float32, (N_UNITS,)),
        ("output", np.float32, (N_UNITS, 4)),
        ("output_bias", np.float32, (4,)),
    ],
    align=True,
)


def prepare(s, rate: float) -> None:
    """Fill a zeroed record of STATE for an analysis rate in Hz. [main]"""
    window = np.ones(FRAME)
    window[:WINDOW_RISE] = np.sin(np.pi / 2 * (np.arange(WINDOW_RISE) + 0.5) / WINDOW_RISE) ** 2
    window[-WINDOW_FALL:] = np.cos(np.pi / 2 * (np.arange(WINDOW_FALL) + 0.5) / WINDOW_FALL) ** 2
    s["window"] = window * 2 / window.sum()  # a full-scale sine reads 1
    s["edge"] = np.minimum(np.ceil(np.array(EDGES_HZ) * FRAME / rate), FRAME // 2)
    fft.prepare(s["fft"])
    for name in ("hidden", "hidden_bias", "output", "output_bias"):
        s[name] = FITTED[name]


@inline
def _bands(s, x, offset, gain, bands):
    """Log bands of a frame `x`, less a constant `offset`. [audio]"""
    f = s.fft
    w, are, aim = s.window, f.are, f.aim
    for k in range(FRAME // 2):
        are[k] = (x[2 * k] - offset) * w[2 * k]
        aim[k] = (x[2 * k + 1] - offset) * w[2 * k + 1]
    fft.rfft(f)
    re, im, edge = f.re, f.im, s.edge
    for b in range(N_BANDS):
        power = np.float32(0)
        for k in range(edge[b], edge[b + 1]):
            power += re[k] * re[k] + im[k] * im[k]
        bands[b] = np.log(np.float32(1) + gain * np.sqrt(power))


@inline
def struck(s, x, gain):
    """LOW, MID, HIGH or FULL, from the newest FRAME + BEFORE samples; `gain` is one over the reference level. [audio]"""
    offset = np.float32(0)
    for i in range(FRAME + BEFORE):
        offset += x[i]
    offset /= np.float32(FRAME + BEFORE)
    now, before = s.input, s.before
    _bands(s, x[:FRAME], offset, gain, before)
    _bands(s, x[BEFORE:], offset, gain, now)
    for b in range(N_BANDS):
        now[N_BANDS + b] = now[b] - before[b]

    low, mid, high, full = s.output_bias[0], s.output_bias[1], s.output_bias[2], s.output_bias[3]
    for j in range(N_UNITS):
        v = s.hidden_bias[j]
        for i in range(N_INPUTS):
            v += s.input[i] * s.hidden[i, j]
        if v > np.float32(0):
            low += v * s.output[j, 0]
            mid += v * s.output[j, 1]
            high += v * s.output[j, 2]
            full += v * s.output[j, 3]
    full += np.float32(DOUBT)
    greatest = max(low, mid, high, full)
    if greatest == full:
        return FULL
    if greatest == low:
        return LOW
    return MID if greatest == mid else HIGH
