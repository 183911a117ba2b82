"""Chords: the network's 25 probabilities, smoothed online by the forward algorithm of a hidden Markov model.

After A. Sheh and D. Ellis, "Chord segmentation and recognition using EM-trained hidden Markov models", ISMIR 2003. A new
chord is said to begin where the evidence for it against the last one began to mount (E. S. Page's cumulative sum,
Biometrika 41, 1954), which is some time before it is sure.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S, NO_CHORD
from dsp.decoders.sink import emit
from dsp.hop import CHORD
from dsp.kernel import inline, zeros

STATES = NO_CHORD + 1
STAY_S = 1.5  # time constant of staying in a chord
SHARPNESS = 0.14  # frames are not independent, so their evidence counts less than its face value
LEAST = 0.003  # no probability counts for less
SURE = 0.6  # probability a chord must have to be named
LATELY_S = 0.1  # over which the bass is averaged

STATE = np.dtype(
    [
        ("late", np.int64),  # samples
        ("stay", np.float32),
        ("lately", np.float32),
        ("belief", np.float32, (STATES,)),  # probability given all so far
        ("odds", np.float32, (STATES,)),  # log, of each against the decided one, since `began`
        ("began", np.int64, (STATES,)),  # sample
        ("bass", np.float32, (12,)),
        ("decided", np.int64),
        ("last", np.int64),  # sample of the last change
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["late"] = round(LATE_S["chord"] * rate)
    state["stay"] = np.exp(-1 / FRAMES_HZ / STAY_S)
    state["lately"] = 1 - np.exp(-1 / FRAMES_HZ / LATELY_S)
    state["belief"] = 1 / STATES
    state["decided"] = NO_CHORD
    state["last"] = -1
    return state


@inline
def _believe(s, chord):
    """One step of the forward algorithm; returns the likeliest state. [worker]"""
    belief = s.belief
    move = (np.float32(1) - s.stay) / np.float32(STATES)
    total, best = np.float32(0), 0
    for k in range(STATES):
        belief[k] = (s.stay * belief[k] + move) * max(chord[k], np.float32(LEAST)) ** np.float32(SHARPNESS)
        total += belief[k]
    for k in range(STATES):
        belief[k] /= total
        if belief[k] > belief[best]:
            best = k
    return best


@inline
def _weigh(s, chord, now):
    """Add up what speaks for each chord against the decided one. [worker]"""
    against = np.log(max(chord[s.decided], np.float32(LEAST)))
    for k in range(STATES):
        if s.odds[k] <= np.float32(0):
            s.odds[k] = np.float32(0)
            s.began[k] = now
        s.odds[k] += np.log(max(chord[k], np.float32(LEAST))) - against


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits CHORD at a change: root 0-11, index of harmony.CHORD_QUALITIES, confidence, bass pitch class or -1.
    """
    now = end - s.late
    best = _believe(s, row.chord)
    _weigh(s, row.chord, now)
    for k in range(12):
        s.bass[k] += s.lately * (row.bass[k] - s.bass[k])
    if best == s.decided or s.belief[best] < np.float32(SURE):
        return
    s.decided = best
    s.last = max(s.began[best], s.last + 1)
    s.odds[:] = np.float32(0)
    root, quality, bass = best % 12, 1 + best // 12, 0
    if best == NO_CHORD:
        root, quality, bass = 0, 0, -1
    else:
        for k in range(12):
            if s.bass[k] > s.bass[bass]:
                bass = k
    emit(out, CHORD, max(np.int64(0), s.last), end, root, quality, s.belief[best], bass)
