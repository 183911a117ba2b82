"""Key: the recent balance of pitch classes against 24 key profiles, with hysteresis.

C. Krumhansl's method (*Cognitive Foundations of Musical Pitch*, 1990); the profiles and their sources: dsp/harmony.py.
"""

import numpy as np

from dsp.harmony import key_profiles
from dsp.hop import HOP, HOP_STATE, KEY, emit
from dsp.kernel import inline, kernel, record_at, zeros
from dsp.salience import EVERY

MEMORY_S = 60.0  # over which what was heard fades
FIRST_S = 2.5  # of music before a key is named
PATIENCE_S = 4.0  # for which another key must lead without a break
BASS = 1.5  # weight of the bass beside the whole

STATE = np.dtype(
    [
        ("profile", np.float32, (2, 12)),  # zero mean, length 1
        ("heard", np.float32, (12,)),
        ("weight", np.float32),
        ("forget", np.float32),
        ("step_s", np.float32),
        ("music_s", np.float32),
        ("led_s", np.float32),  # for how long another key has led
        ("fit", np.float32, (24,)),
        ("decided", np.int64),  # mode * 12 + tonic; -1 before the first
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    state["profile"] = key_profiles()
    state["step_s"] = EVERY * HOP / rate
    state["forget"] = np.exp(-EVERY * HOP / rate / MEMORY_S)
    state["decided"] = -1
    return state


@inline
def _hear(hop, s):
    """Add the newest chroma, at an equal weight for loud and soft; False in silence. [audio]"""
    harmony, bass, heard = hop.harmony, hop.bass, s.heard
    total = np.float32(0)
    for k in range(12):
        total += harmony[k] + np.float32(BASS) * bass[k]
    if total < np.float32(1e-3):
        return False
    for k in range(12):
        heard[k] = s.forget * heard[k] + (harmony[k] + np.float32(BASS) * bass[k]) / total
    s.music_s += s.step_s
    return True


@inline
def _fit(s):
    """Correlation of what was heard with every key; returns the best. [audio]"""
    heard, profile, fit = s.heard, s.profile, s.fit
    mean, square = np.float32(0), np.float32(0)
    for k in range(12):
        mean += heard[k] / np.float32(12)
    for k in range(12):
        square += (heard[k] - mean) * (heard[k] - mean)
    scale = np.float32(1) / np.sqrt(square + np.float32(1e-12))
    best = 0
    for mode in range(2):
        for tonic in range(12):
            total = np.float32(0)
            for k in range(12):
                total += profile[mode, k] * (heard[(tonic + k) % 12] - mean)
            fit[12 * mode + tonic] = total * scale
            if fit[12 * mode + tonic] > fit[best]:
                best = 12 * mode + tonic
    return best


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Emit KEY (tonic 0-11, mode 0 major or 1 minor, confidence 0..1) when the key is found or changes. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    if hop.chroma_is_new == 0 or not _hear(hop, s) or s.music_s < np.float32(FIRST_S):
        return
    best = _fit(s)
    if best == s.decided:
        s.led_s = np.float32(0)
        return
    s.led_s += s.step_s
    if s.decided >= 0 and s.led_s < np.float32(PATIENCE_S):
        return
    s.led_s = np.float32(0)
    s.decided = best
    second = np.float32(-1)
    for k in range(24):
        if k != best:
            second = max(second, s.fit[k])
    confidence = min(np.float32(1), max(np.float32(0), np.float32(5) * (s.fit[best] - second)))
    emit(hop, KEY, hop.end, np.float32(best % 12), np.float32(best // 12), confidence, 0.0, 0.0)
