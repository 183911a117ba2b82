"""Novelty: nineteen numbers per hop that say how the spectrum rises, falls and turns, on two frames.

The long (shared) frame tells pitches apart; the short one, of 12 ms, sees an attack as soon as it sounds. Both become
log-magnitude bands, relative to a slow reference level. Rises are superflux: against the greatest neighbouring band of a
few hops before, so that vibrato and slides within a quarter tone cancel (Böck and Widmer, DAFx 2013).
"""

import numpy as np

from dsp import fft, filterbank
from dsp.filterbank import MOST_BANDS
from dsp.hop import FRAME, HOP
from dsp.kernel import inline

SHORT = 512  # samples in the short frame
N_FEATURES = 19
KEPT = 16  # hops of features and bands kept; a power of two

# Columns of a row of features. A rise is a mean over bands, in nepers.
LONG_RISE = 0  # in 2 hops; four columns, from low to high
SLOW_RISE = 4  # in 6 hops; two columns
LONG_FALL = 6
LEVEL = 7
TURN = 8  # 1 - cosine between now and 6 hops ago
SHORT_RISE = 9  # in 2 hops; three columns
SHORT_JUMP = 12  # in 1 hop
SHORT_SLOW_RISE = 13  # in 5 hops
SHORT_FALL = 14
SHORT_HIGH_RISE = 15  # in 5 hops
LATE_RISE = 16  # long frame, in 11 hops; two columns
LATE_TURN = 18  # 1 - cosine between now and 11 hops ago

LONG_EDGES_HZ = [220.0, 800.0, 3200.0]
SHORT_EDGES_HZ = [700.0, 3500.0]
RANGE = 300.0  # how far below the reference level the logarithm bends into its floor: 50 dB
LOWEST_REFERENCE = 0.02

STATE = np.dtype(
    [
        ("long_bank", filterbank.dtype(FRAME)),
        ("short_bank", filterbank.dtype(SHORT)),
        ("window", np.float32, (SHORT,)),
        ("fft", fft.dtype(SHORT)),
        ("magnitude", np.float32, (SHORT // 2 + 1,)),
        ("linear", np.float32, (MOST_BANDS,)),
        ("long", np.float32, (KEPT, MOST_BANDS)),  # log bands by hop; one spare band above the last
        ("short", np.float32, (KEPT, MOST_BANDS)),
        ("long_edge", np.int64, (5,)),  # first bands of the regions, and the last one's end
        ("short_edge", np.int64, (4,)),
        ("peak", np.float32),  # greatest linear band of the shared frame
        ("reference", np.float32),  # slow follower of it
        ("attack", np.float32),
        ("release", np.float32),
        ("row", np.float32, (KEPT, N_FEATURES)),  # by hop
    ],
    align=True,
)


def prepare(s, rate: float) -> None:
    """Fill a zeroed record of STATE for an analysis rate in Hz. [main]"""
    hz = filterbank.prepare(s["long_bank"], rate, FRAME, 24, 40.0, 16000.0)
    s["long_edge"] = [0, *np.searchsorted(hz, LONG_EDGES_HZ), hz.size]
    hz = filterbank.prepare(s["short_bank"], rate, SHORT, 8, 100.0, 16000.0)
    s["short_edge"] = [0, *np.searchsorted(hz, SHORT_EDGES_HZ), hz.size]
    s["window"] = np.hanning(SHORT + 1)[:-1]
    fft.prepare(s["fft"])
    s["attack"] = 1 - np.exp(-HOP / (0.3 * rate))
    s["release"] = 1 - np.exp(-HOP / (5.0 * rate))
    s["reference"] = LOWEST_REFERENCE


@inline
def _short_spectrum(s, x):
    """Magnitudes of the short Hann frame `x`, scaled as the shared ones. [audio]"""
    f = s.fft
    w, are, aim = s.window, f.are, f.aim
    for k in range(SHORT // 2):
        are[k] = x[2 * k] * w[2 * k]
        aim[k] = x[2 * k + 1] * w[2 * k + 1]
    fft.rfft(f)
    re, im, magnitude = f.re, f.im, s.magnitude
    for k in range(SHORT // 2 + 1):
        magnitude[k] = np.sqrt(re[k] * re[k] + im[k] * im[k]) * np.float32(4.0 / SHORT)


@inline
def _rise(now, then, first, last):
    """Mean rise of the bands from `first` to before `last` above the greatest neighbour of then. [audio]"""
    total = np.float32(0)
    for b in range(first, last):
        before = max(then[b], then[max(b - 1, 0)], then[b + 1])
        total += max(np.float32(0), now[b] - before)
    return total / np.float32(last - first)


@inline
def _fall(now, then, count):
    """Mean fall of the first `count` bands. [audio]"""
    total = np.float32(0)
    for b in range(count):
        total += max(np.float32(0), then[b] - now[b])
    return total / np.float32(count)


@inline
def _turn(now, then, count):
    """1 - cosine between two spectra; near 0 where both are all but silent. [audio]"""
    ab, aa, bb = np.float32(1e-3), np.float32(1e-3), np.float32(1e-3)
    for b in range(count):
        ab += now[b] * then[b]
        aa += now[b] * now[b]
        bb += then[b] * then[b]
    return np.float32(1) - ab / np.sqrt(aa * bb)


@inline
def update(s, hop):
    """The features of this hop, which are also kept as `s.row[hop.index % KEPT]`. [audio]"""
    n, n_short, linear = s.long_bank.count, s.short_bank.count, s.linear
    t = hop.index & (KEPT - 1)
    filterbank.apply(s.long_bank, hop.magnitude, linear)
    peak = np.float32(0)
    for b in range(n):
        peak = max(peak, linear[b])
    s.peak = peak
    step = s.attack if peak > s.reference else s.release
    s.reference += step * (max(peak, np.float32(LOWEST_REFERENCE)) - s.reference)
    gain = np.float32(RANGE) / s.reference
    now, level = s.long[t], np.float32(0)
    for b in range(n):
        now[b] = np.log(np.float32(1) + gain * linear[b])
        level += now[b]
    _short_spectrum(s, hop.samples[hop.head - SHORT : hop.head])
    filterbank.apply(s.short_bank, s.magnitude, linear)
    short = s.short[t]
    for b in range(n_short):
        short[b] = np.log(np.float32(1) + gain * linear[b])

    row, e, h = s.row[t], s.long_edge, s.short_edge
    before, long_before = s.long[(t - 2) & (KEPT - 1)], s.long[(t - 6) & (KEPT - 1)]
    for r in range(4):
        row[LONG_RISE + r] = _rise(now, before, e[r], e[r + 1])
    row[SLOW_RISE] = _rise(now, long_before, 0, e[2])
    row[SLOW_RISE + 1] = _rise(now, long_before, e[2], n)
    row[LONG_FALL] = _fall(now, before, n)
    row[LEVEL] = level / np.float32(n)
    row[TURN] = _turn(now, long_before, n)
    long_before = s.long[(t - 11) & (KEPT - 1)]
    row[LATE_RISE] = _rise(now, long_before, 0, e[2])
    row[LATE_RISE + 1] = _rise(now, long_before, e[2], n)
    row[LATE_TURN] = _turn(now, long_before, n)
    last, before = s.short[(t - 1) & (KEPT - 1)], s.short[(t - 2) & (KEPT - 1)]
    long_before = s.short[(t - 5) & (KEPT - 1)]
    for r in range(3):
        row[SHORT_RISE + r] = _rise(short, before, h[r], h[r + 1])
    row[SHORT_JUMP] = _rise(short, last, 0, n_short)
    row[SHORT_SLOW_RISE] = _rise(short, long_before, 0, n_short)
    row[SHORT_FALL] = _fall(short, before, n_short)
    row[SHORT_HIGH_RISE] = _rise(short, long_before, h[2], n_short)
    return row
