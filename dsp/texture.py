"""The texture of sound, beat by beat: bands, level, brightness, attacks and chroma; and how unlike the past it has become.

A step is a beat, or half a second where no beat is known. The last bars are held against those before by the energy
distance of their steps (G. Szekely and M. Rizzo, 2013), which is the checkerboard kernel of J. Foote (ICME 2000) run
one-sided. Harmony counts where it was not heard before at all, since chords that go round are one section.
"""

import numpy as np

from dsp.hop import FRAME
from dsp.kernel import inline

EDGES_HZ = (25.0, 60.0, 120.0, 200.0, 350.0, 600.0, 1000.0, 1800.0, 3200.0, 6000.0, 15000.0)
N_BANDS = len(EDGES_HZ) - 1
LOWS, HIGHS = 2, 8  # bands under 120 Hz; from this one on, above 3.2 kHz

STEPS = 64  # kept
SHORTEST_S, LONGEST_S, UNKNOWN_S = 0.33, 1.1, 0.5  # of a step: by the beat at least and at most; without one
LEAST_BEAT = 0.2  # confidence from which a beat counts
SILENT_DB = -60.0

RECENT, PAST, LEAST_PAST = 8, 24, 12  # steps compared
NEW_DB, LEVEL_DB = 10.0, 8.0  # what counts 1 in the distance: of a band against the whole, of the level

LEVEL, LOW, HIGH, BRIGHT, FLUX = range(5)
"""Tracks: dB, dB, dB, bands, and rises of all bands in nepers a second."""

TEXTURE = np.dtype(
    [
        ("edges", np.int64, (N_BANDS + 1,)),  # first bin of each band, and the end of the last
        ("rate", np.float64),
        ("power", np.float32, (N_BANDS,)),  # of the newest look
        ("before", np.float32, (N_BANDS,)),  # log power of the looks before, of late
        ("sum", np.float32, (N_BANDS,)),  # over the step, as are the next three
        ("chroma_sum", np.float32, (12,)),
        ("flux_sum", np.float32),
        ("looks", np.int64),
        ("began", np.int64),  # sample where the step begins
        ("phase", np.float32),  # of the beat, a hop ago
        ("steps", np.int64),  # since the music began
        ("start", np.int64, (STEPS,)),  # samples
        ("track", np.float32, (5, STEPS)),
        ("vector", np.float32, (STEPS, N_BANDS + 2)),
        ("chroma", np.float32, (STEPS, 12)),  # of length 1
        ("distance", np.float32, (STEPS, STEPS)),
        ("nearest", np.float32, (STEPS,)),  # harmony's distance to the nearest in the past
    ],
    align=True,
)


def prepare(texture: np.ndarray, rate: float) -> None:
    """Set a zeroed record up for an analysis rate in Hz. [main]"""
    texture["edges"] = [max(1, round(hz * FRAME / rate)) for hz in EDGES_HZ]
    texture["rate"] = rate


@inline
def db(power):
    """Of a power, 1 = 0 dB. [audio]"""
    return np.float32(10) * np.log10(power + np.float32(1e-10))


@inline
def _mean(row, steps, back, n):
    total = np.float32(0)
    for k in range(n):
        total += row[(steps - 1 - back - k) & (STEPS - 1)]
    return total / np.float32(n)


@inline
def mean(t, track, back, n):
    """Mean of a track's `n` steps that end `back` steps before the newest. [audio]"""
    return _mean(t.track[track], t.steps, back, n)


@inline
def listen(t, hop):
    """Take the newest spectrum into the step; its powers stand in `power`. [audio]"""
    magnitude, edges, power, before, total = hop.magnitude, t.edges, t.power, t.before, t.sum
    for b in range(N_BANDS):
        p = np.float32(0)
        for k in range(edges[b], max(edges[b] + 1, edges[b + 1])):
            p += magnitude[k] * magnitude[k]
        power[b] = p
        total[b] += p
        logarithm = np.log(p + np.float32(1e-7))
        t.flux_sum += max(np.float32(0), logarithm - before[b] - np.float32(0.3))
        before[b] += np.float32(0.5) * (logarithm - before[b])
    chroma, kept = hop.features.chroma, t.chroma_sum
    for k in range(12):
        kept[k] += chroma[k]
    t.looks += 1


@inline
def is_over(t, hop):
    """Whether the step ends here. [audio]"""
    out = hop.features
    phase, t.phase = t.phase, out.beat_phase
    seconds = (hop.end - t.began) / t.rate
    if out.tempo_bpm > 0 and out.beat_confidence > np.float32(LEAST_BEAT):
        return (out.beat_phase < phase - np.float32(0.5) and seconds > SHORTEST_S) or seconds > LONGEST_S
    return seconds > UNKNOWN_S


@inline
def keep(t, end):
    """Make a step of what was summed. Gives its level in dB. [audio]"""
    at = t.steps & (STEPS - 1)
    total, vector, n = t.sum, t.vector[at], np.float32(max(1, t.looks))
    all_power = low = high = weight = moment = np.float32(0)
    for b in range(N_BANDS):
        p = total[b] / n
        all_power += p
        if b < LOWS:
            low += p
        if b >= HIGHS:
            high += p
        root = np.sqrt(p)
        weight += root
        moment += root * np.float32(b)
    level = max(np.float32(SILENT_DB), db(all_power))
    for b in range(N_BANDS):
        vector[b] = max(np.float32(-30), db(total[b] / n) - level) / np.float32(NEW_DB)
        total[b] = np.float32(0)
    flux = t.flux_sum / np.float32((end - t.began) / t.rate)
    vector[N_BANDS] = level / np.float32(LEVEL_DB)
    vector[N_BANDS + 1] = np.log(flux + np.float32(3))
    track = t.track
    track[LEVEL, at], track[FLUX, at] = level, flux
    track[LOW, at], track[HIGH, at] = max(np.float32(SILENT_DB), db(low)), max(np.float32(SILENT_DB), db(high))
    track[BRIGHT, at] = moment / (weight + np.float32(1e-6))
    _keep_chroma(t, t.chroma[at])
    t.start[at] = t.began
    t.flux_sum, t.looks, t.began = np.float32(0), 0, end
    t.steps += 1
    return level


@inline
def _keep_chroma(t, row):
    total, square = t.chroma_sum, np.float32(1e-9)
    for k in range(12):
        square += total[k] * total[k]
    scale = np.float32(1) / np.sqrt(square)
    for k in range(12):
        row[k] = total[k] * scale
        total[k] = np.float32(0)


@inline
def compare(t):
    """Distances of the newest step to those before; and of its harmony to the nearest that has been before. [audio]"""
    newest = (t.steps - 1) & (STEPS - 1)
    a, c = t.vector[newest], t.chroma[newest]
    nearest = np.float32(1)
    for back in range(1, min(t.steps, RECENT + PAST)):
        other = (newest - back) & (STEPS - 1)
        b, d = t.vector[other], t.chroma[other]
        square = np.float32(0)
        for k in range(N_BANDS + 2):
            step = a[k] - b[k]
            square += step * step
        t.distance[newest, other] = t.distance[other, newest] = np.sqrt(square / np.float32(N_BANDS))
        if back >= RECENT:
            like = np.float32(0)
            for k in range(12):
                like += c[k] * d[k]
            nearest = min(nearest, np.float32(1) - like)
    t.nearest[newest] = nearest


@inline
def unlike(t):
    """How much the last RECENT steps are unlike the up to PAST before them: an energy distance, 0 where alike. [audio]"""
    past = min(PAST, t.steps - RECENT)
    if past < LEAST_PAST:
        return np.float32(0)
    across, inside, outside = np.float32(0), np.float32(0), np.float32(0)
    newest = t.steps - 1
    for i in range(RECENT + past):
        row = t.distance[(newest - i) & (STEPS - 1)]
        for j in range(i):
            d = row[(newest - j) & (STEPS - 1)]
            if i < RECENT:
                inside += d
            elif j >= RECENT:
                outside += d
            else:
                across += d
    recent = np.float32(RECENT)
    texture = np.float32(2) * across / (recent * past)
    texture -= np.float32(2) * (inside / (recent * (recent - 1)) + outside / (past * (past - np.float32(1))))
    harmony = _mean(t.nearest, t.steps, 0, RECENT) - _mean(t.nearest, t.steps, RECENT, min(past, 12))
    return max(np.float32(0), texture) + max(np.float32(0), harmony)


@inline
def rise(t, track, n):
    """How much a track has risen over `n` steps, from quarter to quarter and not in one step; 0 where it has not. [audio]"""
    each = n // 4
    q0, q1, q2, q3 = (
        mean(t, track, 3 * each, each),
        mean(t, track, 2 * each, each),
        mean(t, track, each, each),
        mean(t, track, 0, each),
    )
    whole = q3 - q0
    a, b, c = q1 - q0, q2 - q1, q3 - q2
    if whole <= 0 or min(a, b, c) < np.float32(0.1) * whole or max(a, b, c) > np.float32(0.65) * whole:
        return np.float32(0)
    return whole
