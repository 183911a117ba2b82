"""Key: what the network says of it, and how the pitch classes that it hears sounding fit each key, over the last minute.

The profiles and their sources: dsp/harmony.py; C. Krumhansl's method (*Cognitive Foundations of Musical Pitch*, 1990). The
two go wrong on different music: .88 and .90 alone, .93 together. Time stands still while nothing sounds.
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LOWEST, PITCHES
from dsp.decoders.sink import emit
from dsp.harmony import key_profiles
from dsp.hop import KEY
from dsp.kernel import inline, zeros

KEYS = 24
MEMORY_S = 60.0  # over which what was heard fades
FIT = 10.0  # what a fit counts beside the logarithm of the network's probability
LEAST = 0.003  # no probability counts for less
SOUND = 0.3  # probability that a key of the piano sounds, from which there is music
FAINT = 0.2  # less does not count
FIRST_S = 2.5  # of music before a key is named
PATIENCE_S = 3.0  # for which another key must lead without a break

STATE = np.dtype(
    [
        ("profile", np.float32, (2, 12)),  # zero mean, length 1
        ("keep", np.float32),
        ("said", np.float32, (KEYS,)),  # mean logarithm of what the network said
        ("heard", np.float32, (12,)),  # mean of what sounded, in parts of 1
        ("chroma", np.float32, (12,)),  # scratch
        ("odds", np.float32, (KEYS,)),  # scratch
        ("weight", np.float32),  # of all that is in the means
        ("music", np.int64),  # frames of music so far
        ("led", np.int64),  # frames that another key has led
        ("decided", np.int64),  # mode * 12 + tonic; -1 before the first
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["profile"] = key_profiles()
    state["keep"] = np.exp(-1 / FRAMES_HZ / MEMORY_S)
    state["decided"] = -1
    return state


@inline
def _hear(s, row):
    """Take a frame into both means; False where nothing sounds. [worker]"""
    chroma, total, loudest = s.chroma, np.float32(1e-9), np.float32(0)
    chroma[:] = np.float32(0)
    for p in range(PITCHES):
        sound = row.sounding[p]
        loudest = max(loudest, sound)
        if sound >= np.float32(FAINT):
            chroma[(LOWEST + p) % 12] += sound
            total += sound
    if loudest < np.float32(SOUND):
        return False
    s.weight = s.keep * s.weight + np.float32(1)
    share = np.float32(1) / s.weight
    for c in range(12):
        s.heard[c] += share * (chroma[c] / total - s.heard[c])
    for k in range(KEYS):
        s.said[k] += share * (np.log(max(row.key[k], np.float32(LEAST))) - s.said[k])
    return True


@inline
def _weigh(s):
    """The logarithm of how likely each key is, but for a constant; returns the best. [worker]"""
    square = np.float32(1e-12)
    for c in range(12):
        square += (s.heard[c] - np.float32(1 / 12)) ** 2
    scale, best = np.float32(FIT) / np.sqrt(square), 0
    for k in range(KEYS):
        fit = np.float32(0)
        for c in range(12):
            fit += s.profile[k // 12, c] * s.heard[(k + c) % 12]  # a profile's mean is 0
        s.odds[k] = s.said[k] + scale * fit
        if s.odds[k] > s.odds[best]:
            best = k
    return best


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits KEY (tonic 0-11, mode 0 major or 1 minor, confidence 0..1) when the key is found or changes.
    """
    if not _hear(s, row):
        return
    best = _weigh(s)
    s.music += 1
    s.led = s.led + 1 if best != s.decided else 0
    if s.music < FIRST_S * FRAMES_HZ or s.led < (PATIENCE_S * FRAMES_HZ if s.decided >= 0 else 1):
        return
    s.led = 0
    s.decided = best
    total = np.float32(0)
    for k in range(KEYS):
        total += np.exp(s.odds[k] - s.odds[best])
    emit(out, KEY, end, end, best % 12, best // 12, np.float32(1) / total, np.float32(0))
