"""Onsets: peaks of the network's activation, picked with one frame of wait at most.

After the online peak picking of S. Boeck, F. Krebs and M. Schedl, "Evaluating the online capabilities of onset detection
methods", ISMIR 2012: a frame is an onset where it is the greatest of its neighbours and passes a threshold that rises with
the mean of the last 100 ms; and with the highest peak of late, so that soft attacks count where none is sharp. The
parabola through three frames places it between them. What is sure is not waited for.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S
from dsp.decoders.sink import emit
from dsp.drums import FULL, HIGH, LOW, MID
from dsp.hop import ONSET
from dsp.kernel import inline, zeros

KEPT = 16  # frames looked back on
MEAN_FRAMES = 10
THRESHOLD = 0.12
ADAPT = 0.4  # of the mean, added to the threshold
OF_HIGHEST, HIGHEST_S = 0.4, 3.0  # least part of the highest peak of late, which decays over so long
SIDES = 0.2  # weight of the frames on either side in what must pass the threshold
SURE = 0.6  # not waited for
REFRACTORY_S = 0.03
BAND_THRESHOLD = 0.4

STATE = np.dtype(
    [
        ("late", np.float64),  # samples, as is the next
        ("frame", np.float64),
        ("refractory", np.int64),  # samples
        ("fade", np.float32),
        ("rows", np.int64),  # so far
        ("any", np.float32, (KEPT,)),  # rings
        ("band", np.float32, (KEPT, 3)),
        ("highest", np.float32),  # of late
        ("told", np.int64),  # the last frame whose peak was an onset
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
    state["fade"] = np.exp(-1 / FRAMES_HZ / HIGHEST_S)
    state["told"] = state["last"] = -(1 << 60)
    return state


@inline
def _band(s, at):
    """Which drum, from the greatest of the frames around frame `at`: a kick before a snare before a hat. [worker]"""
    low, mid, high = np.float32(0), np.float32(0), np.float32(0)
    for k in range(at - 1, min(at + 2, s.rows)):
        band = s.band[k % KEPT]
        low, mid, high = max(low, band[0]), max(mid, band[1]), max(high, band[2])
    least = np.float32(BAND_THRESHOLD)
    if low >= least and low >= mid:
        return LOW
    if mid >= least:
        return MID
    return HIGH if high >= least else FULL


@inline
def _tell(s, at, when, end, out):
    """Emit the onset at the peak of frame `at`, unless one was told just before it. [worker]"""
    if when - s.last < s.refractory:
        return
    s.last = when
    s.told = at
    emit(out, ONSET, max(np.int64(0), when), end, s.any[at % KEPT], _band(s, at), np.float32(0), np.float32(0))


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits ONSET: strength, the activation at its peak, 0..1; band: of dsp.drums.
    """
    newest = s.rows
    s.rows = newest + 1
    after = row.onset[0]
    s.any[newest % KEPT] = after
    for b in range(3):
        s.band[newest % KEPT, b] = row.onset[b + 1]
    at = newest - 1
    before, here = s.any[(at - 1) % KEPT], s.any[at % KEPT]
    mean = np.float32(0)
    for k in range(at - MEAN_FRAMES + 1, at + 1):
        mean += s.any[k % KEPT]
    weighed = np.float32(1 - 2 * SIDES) * here + np.float32(SIDES) * (before + after)
    threshold = max(np.float32(THRESHOLD), np.float32(OF_HIGHEST) * s.highest) + np.float32(ADAPT / MEAN_FRAMES) * mean
    s.highest = max(weighed, s.fade * s.highest)
    if after >= np.float32(SURE) and after > here and s.told < at - 2:
        # a rise within one frame was steep: the peak is yet to come, half a frame on
        shift = np.float64(0.5) if here < np.float32(0.25) * after else np.float64(0)
        _tell(s, newest, end + np.int64(np.floor(shift * s.frame - s.late + 0.5)), end, out)
    elif weighed >= threshold and here >= before and here > after and s.told < at - 1:
        shift = np.float64(before - after) / np.float64(min(before - here - here + after, np.float32(-1e-6)))
        _tell(s, at, end + np.int64(np.floor((0.5 * shift - 1.0) * s.frame - s.late + 0.5)), end, out)
