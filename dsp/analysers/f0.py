"""F0: which lag the sound repeats at, tracked from hop to hop.

Three kinds of evidence choose among the peaks of the normalised difference function (dsp/nsdf.py):

- its height, refined by a parabola through the peak and, for short lags, through peaks at 2, 4, 8 times the lag;
- the spectrum: what stands at the harmonics against what stands half-way between them. A period too long by an octave
  finds its odd harmonics missing, one too short finds something half-way. After SWIPE (A. Camacho and J. Harris,
  "A sawtooth waveform inspired pitch estimator for speech and music", JASA 124(3), 2008), square roots included;
- continuity: the candidates of successive hops form paths, scored forwards as in P. Boersma, "Accurate short-term
  analysis of the fundamental frequency", IFA Proceedings 17, 1993, but without looking ahead: what the best path so
  far says now is the answer now.

Voicing joins height, spectrum and level with hysteresis.
"""

import numpy as np

from dsp import nsdf
from dsp.hop import BINS, FRAME, HOP, HOP_STATE
from dsp.kernel import inline, kernel, record_at, zeros

K = 8  # candidates
MIN_LAG = 5  # at half the analysis rate: 4.4 kHz at 44.1, where parabolas end
MIN_HEIGHT = 0.3
ZERO_PEAK_END = 0.7  # the peak around lag 0 ends where the value first falls below this
REFINE_S = 0.0025  # refine on multiples while the lag is shorter than this
OCTAVE_COST = 0.07  # per octave down: of equal peaks the shortest lag is the period
HARMONICS = 8
TOP_HZ = 5000.0  # of the harmonics looked at
SPECTRUM_WEIGHT = 1.5
JUMP_COST, JUMP_CAP = 0.5, 0.4  # per octave and hop; a leap of a note costs no more than the cap
DELAY_S = 0.018  # from the sound an estimate fits best to the hop's end: half the window, a lag, and an attack's lag
VOICED_ON, VOICED_OFF = 0.5, 0.42  # of the confidence
LOUDEST_FALL_DB_S = 3.0
QUIET_DB = -60.0  # nothing below it is taken for the loudest

STATE = np.dtype(
    [
        ("nsdf", nsdf.NSDF),
        ("delay", np.int64),
        ("refine", np.float32),  # lag
        ("rate", np.float32),  # of the lags, Hz
        ("hz_per_bin", np.float32),
        ("top_bin", np.int64),
        ("loudest_db", np.float32),
        ("loudest_fall", np.float32),  # dB per hop
        ("weight", np.float32, (HARMONICS,)),
        ("root", np.float32, (BINS,)),  # square root of the magnitude
        ("n", np.int64),  # candidates of the newest hop
        ("lag", np.float32, (K,)),
        ("height", np.float32, (K,)),
        ("contrast", np.float32, (K,)),
        ("octave", np.float32, (K,)),  # log2 of Hz
        ("path", np.float32, (K,)),  # score of the best path that ends here; the best of all is 0
        ("last_n", np.int64),
        ("last_octave", np.float32, (K,)),
        ("last_path", np.float32, (K,)),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    nsdf.prepare(state["nsdf"][0], rate)
    state["delay"] = round(DELAY_S * rate)
    state["refine"] = REFINE_S * rate / 2
    state["rate"] = rate / 2
    state["hz_per_bin"] = rate / FRAME
    state["top_bin"] = int(TOP_HZ * FRAME / rate)
    state["loudest_db"] = QUIET_DB
    state["loudest_fall"] = LOUDEST_FALL_DB_S * HOP / rate
    state["weight"] = 1 / np.sqrt(np.arange(1, HARMONICS + 1))
    return state


@inline
def _shift(a, b, c):
    """Where between -1/2 and 1/2 the parabola through a maximum `b` and its neighbours peaks. [audio]"""
    bend = a - np.float32(2) * b + c
    return np.float32(0.5) * (a - c) / bend if bend < np.float32(-1e-9) else np.float32(0)


@inline
def _candidates(s, value, lags):
    """Keep the K best peaks in `lag` and `height`, best first (`path` holds what ranks them). [audio]"""
    lag, height, rank, n = s.lag, s.height, s.path, 0
    first = 1
    while first < lags and value[first] > np.float32(ZERO_PEAK_END):
        first += 1
    for t in range(max(first, MIN_LAG), lags - 1):
        b = value[t]
        if b < np.float32(MIN_HEIGHT) or b <= value[t - 1] or b < value[t + 1]:
            continue
        shift = _shift(value[t - 1], b, value[t + 1])
        top = b - np.float32(0.25) * (value[t - 1] - value[t + 1]) * shift
        score = top - np.float32(OCTAVE_COST) * np.log2(np.float32(t))
        if n == K and score <= rank[K - 1]:
            continue
        n = min(n + 1, K)
        k = n - 1
        while k > 0 and rank[k - 1] < score:
            rank[k], lag[k], height[k] = rank[k - 1], lag[k - 1], height[k - 1]
            k -= 1
        rank[k], lag[k], height[k] = score, np.float32(t) + shift, min(top, np.float32(1))
    s.n = n


@inline
def _refined(value, lags, lag, longest):
    """The lag from the peaks at its multiples by powers of two: the same error there is a smaller one here. [audio]"""
    m = np.float32(1)
    while lag * m * np.float32(2) < longest and lag * m * np.float32(2) < lags - 3:
        m *= np.float32(2)
        t = int(lag * m + np.float32(0.5))
        if value[t + 1] > value[t]:
            t += 1
        elif value[t - 1] > value[t]:
            t -= 1
        a, b, c = value[t - 1], value[t], value[t + 1]
        if b < np.float32(MIN_HEIGHT) or b < a or b < c:
            break
        lag = (np.float32(t) + _shift(a, b, c)) / m
    return lag


@inline
def _between(root, position):
    """`root` at a fractional bin. [audio]"""
    b = int(position)
    part = position - np.float32(b)
    return root[b] + part * (root[b + 1] - root[b])


@inline
def _contrast(s, bin_, norm):
    """Square-root magnitude at the harmonics of `bin_` less that half-way between, against the whole. [audio]"""
    root, weight, top = s.root, s.weight, np.float32(s.top_bin)
    below = _between(root, np.float32(0.5) * bin_)
    total = np.float32(0)
    for m in range(HARMONICS):
        at = np.float32(m + 1) * bin_
        if at > top:
            break
        above = _between(root, at + np.float32(0.5) * bin_)
        total += weight[m] * (_between(root, at) - np.float32(0.5) * (below + above))
        below = above
    return total * norm


@inline
def _weigh(s, hop):
    """Refine each candidate and set its `octave`, `contrast` and own score in `path`. [audio]"""
    magnitude, root, top = hop.magnitude, s.root, s.top_bin
    whole = np.float32(1e-9)
    for b in range(top):
        whole += magnitude[b]
    for b in range(BINS):
        root[b] = np.sqrt(magnitude[b])
    norm = np.float32(1) / np.sqrt(whole)
    value, lags = s.nsdf.value, s.nsdf.lags
    for k in range(s.n):
        lag = _refined(value, lags, s.lag[k], s.refine)
        hz = s.rate / lag
        s.lag[k] = lag
        s.octave[k] = np.log2(hz)
        s.contrast[k] = _contrast(s, hz / s.hz_per_bin, norm)
        s.path[k] = s.height[k] + np.float32(OCTAVE_COST) * s.octave[k] + np.float32(SPECTRUM_WEIGHT) * s.contrast[k]


@inline
def _follow(s):
    """Join the candidates to the paths so far; returns the end of the best. Paths begin anew after none. [audio]"""
    path, octave, n, best = s.path, s.octave, s.n, 0
    for k in range(n):
        if s.last_n > 0:
            joined = np.float32(-1e9)
            for j in range(s.last_n):
                jump = np.float32(JUMP_COST) * abs(octave[k] - s.last_octave[j])
                joined = max(joined, s.last_path[j] - min(jump, np.float32(JUMP_CAP)))
            path[k] += joined
        if path[k] > path[best]:
            best = k
    top = path[best]
    for k in range(n):
        s.last_path[k] = path[k] - top
        s.last_octave[k] = octave[k]
    s.last_n = n
    return best


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Write `f0_hz`, `f0_confidence`, `voiced` and `f0_time`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    nsdf.update(s.nsdf, hop)
    out = hop.features
    out.f0_time = hop.end - s.delay
    level_db = np.float32(10) * np.log10(s.nsdf.power + np.float32(1e-12))
    s.loudest_db = max(level_db, np.float32(QUIET_DB), s.loudest_db - s.loudest_fall)
    _candidates(s, s.nsdf.value, s.nsdf.lags)
    hz = confidence = np.float32(0)
    if s.n > 0:
        _weigh(s, hop)
        best = _follow(s)
        hz = s.rate / s.lag[best]
        quieter = (s.loudest_db - level_db) / np.float32(40)
        confidence = np.float32(0.6) * (s.height[best] + s.contrast[best] - quieter)
        confidence = min(np.float32(1), max(np.float32(0), confidence))
    else:
        s.last_n = 0
    out.f0_hz = hz
    out.f0_confidence = confidence
    threshold = VOICED_OFF if out.voiced > np.float32(0) else VOICED_ON
    out.voiced = np.float32(1) if confidence > threshold else np.float32(0)
