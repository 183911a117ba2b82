"""Beats before they fall: the network's activation through a bar pointer run forward, the next beat foretold.

dsp/decoders/bar.py turns the activation into tempo, phase and place in the bar. When the next beat is less than `LEAD_S`
ahead it is announced, once: if the estimate moves afterwards, the next beat corrects.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S
from dsp.decoders import bar
from dsp.decoders.sink import emit
from dsp.hop import BEAT
from dsp.kernel import inline, zeros

LEAD_S = 0.045
APART = 0.6  # of a beat: nearer than this to the last one is that one again
EVIDENCE = 0.15  # activation that may be a beat
SILENCE_S = 3.0  # without: forget
LEAST_CONFIDENCE = 0.1
HEARD_S = 0.06  # how long after a beat it is still listened for
HEARD = 0.5  # activation at which a foretold beat has been heard for certain
MEMORY = 0.2  # share of the newest beat in how many were heard
STEADY = 0.2  # share of the newest interval in the tempo that is told
STEADY_WITHIN = 0.1  # of the pointer's beat length, which is of whole frames
LEAST_PLACE = 0.4  # belief in a place in the bar that is named

STATE = np.dtype(
    [
        ("bar", bar.BAR),
        ("rate", np.float64),
        ("frame", np.float64),  # samples, as are the next four
        ("late", np.float64),
        ("lead", np.float64),
        ("listen", np.float64),
        ("period", np.float64),  # of a beat; 0 = unknown
        ("steady", np.float64),  # mean of the last intervals between beats
        ("phase", np.float64),  # [0, 1) at the row's end
        ("metre", np.int64),  # beats in a bar, 0 = unknown
        ("confidence", np.float64),
        ("next_beat", np.int64),  # sample
        ("last_beat", np.int64),  # sample
        ("silent", np.int64),  # frames
        ("heard", np.float32),  # greatest activation since the last beat was announced, while it may be heard
        ("listening", np.int64),
        ("hits", np.float32),  # how many of the foretold beats were heard, of late
    ],
    align=True,
)

SILENCE = round(SILENCE_S * FRAMES_HZ)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    bar.prepare(state["bar"][0])
    state["rate"] = rate
    state["frame"] = rate / FRAMES_HZ
    state["late"] = LATE_S["beat"] * rate
    state["lead"] = LEAD_S * rate
    state["listen"] = HEARD_S * rate
    state["last_beat"] = -(1 << 60)
    state["silent"] = SILENCE
    return state


@inline
def _listen(s, beat, down):
    """Take a frame into tempo and phase; False in silence. [worker]"""
    if beat + down >= np.float32(EVIDENCE):
        if s.silent >= SILENCE:
            bar.forget(s.bar)
            s.hits = np.float32(0.5)
            s.listening = 0
        s.silent = 0
    else:
        s.silent = min(s.silent + 1, SILENCE)
    if s.silent >= SILENCE:
        s.period = s.phase = s.confidence = 0.0
        s.metre = 0
        return False
    bar.step(s.bar, beat, down)
    return True


@inline
def _hear(s, activation, end):
    """Whether the beat last announced fell: the more of them did, the surer is the next. [worker]"""
    if s.listening == 1:
        s.heard = max(s.heard, activation)
        if np.float64(end - s.last_beat) - s.late > s.listen:
            s.hits += np.float32(MEMORY) * (min(np.float32(1), s.heard / np.float32(HEARD)) - s.hits)
            s.listening = 0


@inline
def _steady(s, interval):
    """Mean of the intervals between the last beats, finer than a whole frame; begins anew at another tempo. [worker]"""
    off = np.abs(s.steady / s.period - 1.0)
    s.steady = s.period if off > STEADY_WITHIN else s.steady
    if np.abs(interval / s.steady - 1.0) < STEADY_WITHIN:
        s.steady += STEADY * (interval - s.steady)
    return s.steady


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits BEAT (tempo_bpm, confidence 0..1, position in the bar from 1, 0 = unknown) before it falls.
    """
    _hear(s, row.beat[0] + row.beat[1], end)
    if not _listen(s, row.beat[0], row.beat[1]):
        return
    b = s.bar
    s.period = b.period * s.frame
    s.confidence = b.tempo_belief * b.agreement * s.hits
    middle = 0.5 * (bar.BEGINNING - 1) * s.frame  # of the frames in which the beat may begin
    to_go = (1.0 - b.phase) * s.period + middle - s.late  # from the row's end
    while to_go < 0 or np.float64(end - s.last_beat) + to_go < APART * s.period:
        to_go += s.period
    s.phase = min(np.ceil(to_go / s.period) - to_go / s.period, 0.9999)
    s.next_beat = end + np.int64(np.floor(to_go + 0.5))
    if to_go >= s.lead:
        return
    steady = _steady(s, np.float64(s.next_beat - s.last_beat))
    s.last_beat = s.next_beat
    s.listening, s.heard = 1, np.float32(0)
    place, belief = bar.next_place(b)
    is_known = belief >= LEAST_PLACE
    metre = bar.METRE_OF[place]
    s.metre = bar.METRES[metre] if is_known else 0
    if s.confidence >= LEAST_CONFIDENCE:
        position = place - bar.FIRST[metre] + 1 if is_known else 0
        emit(out, BEAT, s.next_beat, end, 60.0 * s.rate / steady, s.confidence, position, np.float32(0))
