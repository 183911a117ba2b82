"""The shared spectrum: one Hann frame of the newest FRAME samples, once per hop."""

import numpy as np

from dsp import fft
from dsp.hop import BINS, FRAME, HOP_STATE
from dsp.kernel import kernel, record_at, zeros

STATE = np.dtype([("window", np.float32, (FRAME,)), ("fft", fft.dtype(FRAME))], align=True)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz (unused: the frame is in samples). [main]"""
    state = zeros(STATE)
    state["window"] = np.hanning(FRAME + 1)[:-1]
    fft.prepare(state["fft"][0])
    return state


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Fill `hop.re`, `hop.im` and `hop.magnitude`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    f = s.fft
    x = hop.samples[hop.head - FRAME : hop.head]
    w, are, aim = s.window, f.are, f.aim
    for k in range(FRAME // 2):
        are[k] = x[2 * k] * w[2 * k]
        aim[k] = x[2 * k + 1] * w[2 * k + 1]
    fft.rfft(f)
    re, im, magnitude = hop.re, hop.im, hop.magnitude
    scale = np.float32(4.0 / FRAME)
    for k in range(BINS):
        r, i = f.re[k], f.im[k]
        re[k], im[k] = r, i
        magnitude[k] = np.sqrt(r * r + i * i) * scale
    hop.features.spectrum_time = hop.end - FRAME // 2
