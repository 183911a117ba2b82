"""Onsets: peaks of the network's activation, picked with one frame of wait.

The online peak picking of S. Boeck, F. Krebs and M. Schedl, "Evaluating the online capabilities of onset detection
methods", ISMIR 2012: a frame is an onset where it is the greatest of its neighbours and lies above a threshold that rises
with the mean of the last 100 ms. The parabola through the three frames places it between them.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S
from dsp.decoders.sink import emit
from dsp.drums import FULL, HIGH, LOW, MID
from dsp.hop import ONSET
from dsp.kernel import inline, zeros

KEPT = 16  # frames looked back on
MEAN_FRAMES = 10
THRESHOLD = 0.30
ADAPT = 0.5  # of the mean, added to the threshold
REFRACTORY_S = 0.04
BAND_THRESHOLD = 0.4
WAITED = 1.0  # frames from the end of the one with the peak to the end of the one that shows it

STATE = np.dtype(
    [
        ("late", np.float64),  # samples, as is the next
        ("frame", np.float64),
        ("refractory", np.int64),  # samples
        ("rows", np.int64),  # so far
        ("any", np.float32, (KEPT,)),  # rings
        ("band", np.float32, (KEPT, 3)),
        ("last", np.int64),  # sample of the last onset
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["frame"] = rate / FRAMES_HZ
    state["late"] = LATE_S["onset"] * rate
    state["refractory"] = round(REFRACTORY_S * rate)
    state["last"] = -(1 << 60)
    return state


@inline
def _band(s, at):
    """Which drum, from the greatest of three frames around frame `at`: a kick before a snare before a hat. [worker]"""
    low, mid, high = np.float32(0), np.float32(0), np.float32(0)
    for k in range(at - 1, at + 2):
        band = s.band[k % KEPT]
        low, mid, high = max(low, band[0]), max(mid, band[1]), max(high, band[2])
    least = np.float32(BAND_THRESHOLD)
    if low >= least and low >= mid:
        return LOW
    if mid >= least:
        return MID
    return HIGH if high >= least else FULL


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits ONSET: strength, the activation at its peak, 0..1; band: of dsp.drums.
    """
    newest = s.rows
    s.rows = newest + 1
    s.any[newest % KEPT] = row.onset[0]
    for b in range(3):
        s.band[newest % KEPT, b] = row.onset[b + 1]
    at = newest - 1
    if newest < 2:
        return
    before, here, after = s.any[(at - 1) % KEPT], s.any[at % KEPT], row.onset[0]
    mean = np.float32(0)
    for k in range(at - MEAN_FRAMES, at):
        mean += s.any[k % KEPT]
    threshold = np.float32(THRESHOLD) + np.float32(ADAPT / MEAN_FRAMES) * mean
    if here < threshold or here < before or here <= after:
        return
    curve = before - np.float32(2) * here + after  # below 0: it is a peak
    shift = np.float32(0.5) * (before - after) / min(curve, np.float32(-1e-6))
    when = end + np.int64(np.floor((np.float64(shift) - WAITED) * s.frame - s.late + 0.5))
    if when - s.last < s.refractory:
        return
    s.last = when
    emit(out, ONSET, max(np.int64(0), when), end, here, _band(s, at), np.float32(0), np.float32(0))
