"""Key: the network's 24 probabilities, through a slow forward filter that moves to near keys more easily than to far ones.

What is near: the circle of fifths with relative and parallel keys, after C. Krumhansl, *Cognitive Foundations of Musical
Pitch*, 1990. Time stands still while nothing sounds.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, PITCHES
from dsp.decoders.sink import emit
from dsp.hop import KEY
from dsp.kernel import inline, zeros

KEYS = 24
STAY_S = 60.0  # time constant of staying in a key
SHARPNESS = 0.01  # frames are far from independent
LEAST = 0.003  # no probability counts for less
NEAR = 6.0  # how much likelier a change to a near key is than to another
SOUND = 0.3  # probability that a key sounds, from which there is music
FIRST_S = 2.5  # of music before a key is named
PATIENCE_S = 3.0  # for which another key must lead without a break

STATE = np.dtype(
    [
        ("stay", np.float32),
        ("follow", np.float32, (KEYS, KEYS)),  # where a change leads, rows sum to 1
        ("belief", np.float32, (KEYS,)),
        ("before", np.float32, (KEYS,)),  # scratch
        ("music", np.int64),  # frames of music so far
        ("led", np.int64),  # frames that another key has led
        ("decided", np.int64),  # mode * 12 + tonic; -1 before the first
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["stay"] = np.exp(-1 / FRAMES_HZ / STAY_S)
    state["belief"] = 1 / KEYS
    follow = np.ones((KEYS, KEYS))
    for k in range(KEYS):
        tonic, mode = k % 12, k // 12
        relative = (tonic + (9 if mode == 0 else 3)) % 12 + 12 * (1 - mode)
        parallel = tonic + 12 * (1 - mode)
        for near in ((tonic + 7) % 12 + 12 * mode, (tonic + 5) % 12 + 12 * mode, relative, parallel):
            follow[k, near] = NEAR
        follow[k, k] = 0
    state["follow"] = follow / follow.sum(1, keepdims=True)
    state["decided"] = -1
    return state


@inline
def _believe(s, key):
    """One step of the forward algorithm; returns the likeliest key. [worker]"""
    belief, before = s.belief, s.before
    for k in range(KEYS):
        before[k] = (np.float32(1) - s.stay) * belief[k]
        belief[k] *= s.stay
    for k in range(KEYS):
        for j in range(KEYS):
            belief[j] += before[k] * s.follow[k, j]
    total, best = np.float32(0), 0
    for k in range(KEYS):
        belief[k] *= max(key[k], np.float32(LEAST)) ** np.float32(SHARPNESS)
        total += belief[k]
    for k in range(KEYS):
        belief[k] /= total
        if belief[k] > belief[best]:
            best = k
    return best


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits KEY (tonic 0-11, mode 0 major or 1 minor, confidence 0..1) when the key is found or changes.
    """
    loudest = np.float32(0)
    for p in range(PITCHES):
        loudest = max(loudest, row.sounding[p])
    if loudest < np.float32(SOUND):
        return
    best = _believe(s, row.key)
    s.music += 1
    s.led = s.led + 1 if best != s.decided else 0
    if s.music < FIRST_S * FRAMES_HZ or s.led < (PATIENCE_S * FRAMES_HZ if s.decided >= 0 else 1):
        return
    s.led = 0
    s.decided = best
    emit(out, KEY, end, end, best % 12, best // 12, s.belief[best], np.float32(0))
