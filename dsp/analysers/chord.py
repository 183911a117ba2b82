"""Chords: templates over harmony and bass chroma, smoothed online by the forward algorithm of a hidden Markov model.

After A. Sheh and D. Ellis, ISMIR 2003 (chords as HMM states) and M. Mauch and S. Dixon, ISMIR 2010 (harmony and bass kept
apart). Nothing looks ahead: the decision is the likeliest state given the past.
"""

import numpy as np

from dsp.harmony import CHORD_QUALITIES, CHORD_TONES
from dsp.hop import CHORD, HOP, HOP_STATE, emit
from dsp.kernel import inline, kernel, record_at, zeros
from dsp.salience import EVERY, SIZE

PRIOR = {"maj": 0.0, "min": 0.0, "7": -0.02, "maj7": -0.3, "min7": -0.3, "dim": -0.3, "aug": -0.3, "sus4": -0.3}
"""Added to a template's similarity: how much more a rarer chord must fit."""

SHARPNESS = 6.0  # log-likelihood per unit of similarity and look
BASS, FIFTH = 0.3, 0.1  # what the root, the fifth in the bass count beside the template
NOTHING = 0.8  # similarity of "no chord"
STAY_S = 12.0  # time constant of staying in a chord: the longer, the more evidence a change needs
QUIET = 1e-3  # summed chroma under which nothing sounds
SURE = 0.5  # probability a chord must have to be named
LATELY = 0.25  # share of the newest look in the averaged bass
BACK = 4.0  # looks the forward decision lags behind, taken off the time

QUALITIES = len(CHORD_QUALITIES) - 1
STATES = 12 * QUALITIES + 1  # the last is N

STATE = np.dtype(
    [
        ("template", np.float32, (QUALITIES, 12)),  # from the root
        ("prior", np.float32, (QUALITIES,)),
        ("fifth", np.int64, (QUALITIES,)),  # semitones above the root
        ("likelihood", np.float32, (STATES,)),
        ("belief", np.float32, (STATES,)),  # probability given all so far
        ("harmony", np.float32, (12,)),
        ("bass", np.float32, (12,)),
        ("lately", np.float32, (12,)),  # the bass, averaged over the last looks
        ("stay", np.float32),
        ("decided", np.int64),  # state; -1 before the first
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    for k, name in enumerate(CHORD_QUALITIES[1:]):
        state["template"][0, k, list(CHORD_TONES[name])] = 1 / np.sqrt(len(CHORD_TONES[name]))
        state["prior"][0, k] = PRIOR[name]
        state["fifth"][0, k] = CHORD_TONES[name][2]
    state["belief"] = 1 / STATES
    state["stay"] = np.exp(-EVERY * HOP / rate / STAY_S)
    state["decided"] = STATES - 1
    return state


@inline
def _unit(source, target):
    """Scale a chroma to length 1; returns its sum before. [audio]"""
    total, square = np.float32(0), np.float32(0)
    for k in range(12):
        total += source[k]
        square += source[k] * source[k]
    scale = np.float32(1) / np.sqrt(square + np.float32(1e-12))
    for k in range(12):
        target[k] = source[k] * scale
    return total


@inline
def _observe(s):
    """Likelihood of each state by similarity of its template. [audio]"""
    harmony, bass, template, likelihood = s.harmony, s.bass, s.template, s.likelihood
    best = np.float32(NOTHING)
    for quality in range(QUALITIES):
        for root in range(12):
            fit = s.prior[quality] + np.float32(BASS) * bass[root]
            fit += np.float32(FIFTH) * bass[(root + s.fifth[quality]) % 12]
            for k in range(12):
                fit += template[quality, k] * harmony[(root + k) % 12]
            likelihood[12 * quality + root] = fit
            best = max(best, fit)
    likelihood[STATES - 1] = np.float32(NOTHING)
    for k in range(STATES):
        likelihood[k] = np.exp(np.float32(SHARPNESS) * (likelihood[k] - best))


@inline
def _believe(s):
    """One step of the forward algorithm; returns the likeliest state. [audio]"""
    belief, likelihood = s.belief, s.likelihood
    move = (np.float32(1) - s.stay) / STATES
    total = np.float32(0)
    for k in range(STATES):
        belief[k] = (s.stay * belief[k] + move) * likelihood[k]
        total += belief[k]
    best = 0
    for k in range(STATES):
        belief[k] /= total
        if belief[k] > belief[best]:
            best = k
    return best


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Emit CHORD (root 0-11, index of harmony.CHORD_QUALITIES, confidence, bass pitch class or -1) at a change. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    if hop.chroma_is_new == 0:
        return
    upper = _unit(hop.harmony, s.harmony)
    lower = _unit(hop.bass, s.bass)
    for k in range(12):
        s.lately[k] += np.float32(LATELY) * (s.bass[k] - s.lately[k])
    if upper + lower < np.float32(QUIET):
        for k in range(STATES):
            s.likelihood[k] = np.float32(0.5)
        s.likelihood[STATES - 1] = np.float32(1)
    else:
        _observe(s)
    best = _believe(s)
    if best == s.decided or s.belief[best] < np.float32(SURE):
        return
    s.decided = best
    bass = np.float32(-1)
    quality, root = 1 + best // 12, best % 12
    if best == STATES - 1:
        quality, root = 0, 0
    else:
        loudest = np.float32(0)
        for k in range(12):
            if s.lately[k] > loudest:
                loudest, bass = s.lately[k], np.float32(k)
    when = max(np.int64(0), hop.end - 2 * SIZE - np.int64(BACK * EVERY * HOP))
    emit(hop, CHORD, when, np.float32(root), np.float32(quality), s.belief[best], bass, 0.0)
