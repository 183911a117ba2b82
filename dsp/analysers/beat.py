"""Beats before they fall: novelty weighed by a small fitted table, a bar pointer run forward, the next beat foretold.

Each frame's novelty (dsp/novelty.py), with a glance at the frames around it, gives the likelihood that a beat or one of
its subdivisions begins there; dsp/metre.py turns these into tempo and phase. When the next beat is less than
`LEAD_S` ahead it is announced, once: if the estimate moves afterwards, the next beat corrects. The downbeat is not
guessed (the spectral flux alone does not tell it well enough): the position in the bar is always 0.
"""

import numpy as np

from dsp import metre, novelty
from dsp.hop import BEAT, HOP, HOP_STATE, emit
from dsp.kernel import inline, kernel, record_at, zeros

LEAD_S = 0.04  # 25 to 100 ms cost less than 0.01 of the F-measure
AFTER = 3  # frames waited for, so that a soft attack shows
EARLY_S = 0.010  # how far the pointer's beat lies before the attack: set on clicks
APART = 0.6  # of a beat: nearer than this to the last one is that one again
SILENCE_S = 2.0  # without anything that might be a beat: forget
LEAST_CONFIDENCE = 0.12  # white noise reaches 0.11

SHARPNESS = 0.22  # frames are not independent, so their evidence counts less than its face value

TABLE = np.array(
    [
        # 5 groups of bands (low to high); all bands: now, before, after, squared; slow, later; constant
        [0.340, 0.078, 0.132, -0.142, 0.512, -0.491, -0.463, 1.370, -0.005, 0.873, -2.837],  # beat
        [0.092, 0.149, 0.119, -0.005, 0.266, -0.213, -0.906, 1.080, -0.044, 0.224, -0.178],  # half
        [0.021, 0.206, 0.356, 0.164, 0.236, -0.313, -0.800, 0.861, -0.135, -0.557, -0.303],  # quarter
        [-0.071, 0.037, 0.171, 0.087, 0.246, 0.014, -0.674, 0.651, -0.090, -0.587, 0.197],  # third
    ],
    np.float32,
)
"""Log likelihood ratio of each kind of beginning against none, per unit of each feature.

Multinomial logistic regression on 205 pieces rendered with the FluidR3 sound font (Nottingham and Ryan's Mammoth tunes,
Bach chorales with free tempo, POP909 songs, made-up drum patterns). The constants of beat, half and quarter were then
moved by -0.59, 0.30 and -0.40, which balances the octaves on the development pieces.
"""

STATE = np.dtype(
    [
        ("novelty", novelty.NOVELTY),
        ("metre", metre.METRE),
        ("likelihood", np.float32, (metre.KINDS,)),
        ("silent_frames", np.int64),
        ("silence_frames", np.int64),  # that make a silence
        ("rate", np.float64),
        ("lead", np.float64),  # samples, as are the next two
        ("early", np.float64),
        ("last_beat", np.float64),
        ("next_beat", np.float64),
        ("period", np.float64),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    frame_rate = rate / (HOP * novelty.STRIDE)
    novelty.prepare(state["novelty"][0], rate)
    metre.prepare(state["metre"][0], frame_rate)
    state["rate"] = rate
    state["lead"] = LEAD_S * rate
    state["early"] = EARLY_S * rate
    state["last_beat"] = -rate
    state["silence_frames"] = round(SILENCE_S * frame_rate)
    state["silent_frames"] = state["silence_frames"]
    return state


@inline
def _weigh(s):
    """Likelihoods of the frame `AFTER` frames ago; returns the log ratio of a beat against nothing. [audio]"""
    n = s.novelty
    at = n.frames - AFTER
    now = n.fast[at % novelty.KEPT]
    before = n.fast[(at - 1) % novelty.KEPT, novelty.ALL]
    after = n.fast[(at + 1) % novelty.KEPT, novelty.ALL]
    everything = now[novelty.ALL]
    beat = np.float32(0)
    s.likelihood[metre.OTHER] = np.float32(1)
    for kind in range(metre.BEAT, metre.KINDS):
        w = TABLE[kind - 1]
        log_ratio = w[6] * before + w[7] * after + w[8] * everything * everything + w[9] * n.slow + w[10]
        for k in range(novelty.N):
            log_ratio += w[k] * now[k]
        log_ratio = min(np.float32(8), max(np.float32(-8), log_ratio))
        s.likelihood[kind] = np.exp(np.float32(SHARPNESS) * log_ratio)
        if kind == metre.BEAT:
            beat = log_ratio
    return beat


@inline
def _listen(s, end):
    """Take the newest frame, which ended at sample `end`, into tempo and phase. [audio]"""
    if _weigh(s) > 0:
        if s.silent_frames >= s.silence_frames:
            metre.forget(s.metre)
        s.silent_frames = 0
    else:
        s.silent_frames += 1
    if s.silent_frames < s.silence_frames:
        m = s.metre
        metre.step(m, s.likelihood)
        frame = HOP * novelty.STRIDE
        s.period = m.period * frame
        s.next_beat = end - AFTER * frame + (1.0 - m.phase) * s.period + s.early


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Emit BEAT (tempo_bpm, confidence 0..1, position in bar, 0 = unknown); write tempo, phase, confidence. [audio]

    The work of a frame is spread over its hops: novelty in the first, the pointer in the second.
    """
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    if hop.index % novelty.STRIDE == 0:
        novelty.update(s.novelty, hop.magnitude)
    elif s.novelty.frames > 0:
        _listen(s, hop.end - HOP)
    out = hop.features
    if s.silent_frames >= s.silence_frames:
        out.tempo_bpm = out.beat_phase = out.beat_confidence = np.float32(0)
        return
    while s.next_beat - s.last_beat < APART * s.period:
        s.next_beat += s.period
    to_go = (s.next_beat - hop.end) / s.period
    confidence = s.metre.confidence
    out.tempo_bpm = 60.0 * s.rate / s.period
    out.beat_phase = min(np.ceil(to_go) - to_go, 0.9999)
    out.beat_confidence = confidence
    if s.next_beat - hop.end < s.lead:
        s.last_beat = s.next_beat
        if confidence >= LEAST_CONFIDENCE and s.next_beat >= hop.end:  # what is past is not foretold
            emit(hop, BEAT, np.int64(s.next_beat + 0.5), 60.0 * s.rate / s.period, confidence, 0.0, 0.0, 0.0)
