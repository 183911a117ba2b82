"""Sections: a build-up, a drop, a break, or a texture that has changed for good; each with how loud it is for the set.

The sound is summed beat by beat (half second by half second where no beat is known). Four things are looked for:

- boundary: the last two bars against those before, by the energy distance of their beats (G. Szekely and M. Rizzo, 2013),
  which is the checkerboard kernel of J. Foote (ICME 2000) run one-sided; a peak of it is a boundary where homogeneity ends
  (terms as in J. Paulus, M. Mueller and A. Klapuri, ISMIR 2010). Harmony counts where it was not heard before at all, since
  chords that go round are one section.
- break: the low end or the drums are gone for a bar, and it is quieter.
- build-up: level, treble, brightness and attacks rise from bar to bar, and not in one step.
- drop: after a break, a build-up or a while without a low end that comes back within a moment and stays for a beat.

Nothing looks ahead, so each is known some time after it began: a drop by a beat, a break by a bar, a boundary by two to
three, a build-up when it has risen for two.
"""

import numpy as np

from dsp.hop import BOUNDARY, BREAK, BUILD_UP, DROP, FRAME, HOP, HOP_STATE, SECTION, emit
from dsp.kernel import inline, kernel, record_at, zeros

EDGES_HZ = (25.0, 60.0, 120.0, 200.0, 350.0, 600.0, 1000.0, 1800.0, 3200.0, 6000.0, 15000.0)
N_BANDS = len(EDGES_HZ) - 1
LOWS, HIGHS = 2, 8  # bands under 120 Hz; from this one on, above 3.2 kHz
STRIDE = 4  # hops between two looks at the spectrum

STEPS = 64  # beats kept
SHORTEST_S, LONGEST_S, UNKNOWN_S = 0.33, 1.1, 0.5  # of a step: by the beat at most and at least; without one
LEAST_BEAT = 0.2  # confidence from which a beat counts

SILENT_DB = -60.0
SILENT_STEPS = 4  # after which the music begins anew
USUAL_DB_PER_S = 0.05  # how fast the usual level and low end are forgotten

RECENT, PAST, LEAST_PAST = 8, 24, 12  # steps compared
NEW_DB = 10.0  # what counts 1 in the distance: of bands, of level
LEVEL_DB = 8.0
CHROMA = 1.0
BOUNDARY_AT = 0.42
BREAK_S = 2.2  # less is a fill
BUILT_S = 16.0  # a drop that the low end was not taken out for comes so soon after the build-up was known
APART_S = 8.0  # between two sections of one kind, and between a boundary and anything else

ATTACKS = 8.0  # nepers a second of rises over all bands: less is no rhythm; a groove has 50 to 200
LOW_DB = 10.0  # below the level: so much a low end must be to count
FOREVER = 160  # steps: what was gone for so long is not missed any more
FULL_DB = 3.0  # a drop is no further below the usual level
STEADY, STEADY_STEP = 0.5, 1 / 24  # a bass note now and then is no low end
GONE_DB, HERE_DB = 10.0, 7.0  # under the usual low end: it is gone, it is back
BAR = 4  # steps

LEVEL, LOW, HIGH, BRIGHT, FLUX = range(5)
TRACKS = 5
SET_BINS = 80  # of 1 dB, from SILENT_DB - 10 on
SET_S = 1800.0  # after so long the set's past counts half

STATE = np.dtype(
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
        ("track", np.float32, (TRACKS, STEPS)),  # dB, dB, dB, bands, nepers a second
        ("vector", np.float32, (STEPS, N_BANDS + 2)),  # texture
        ("chroma", np.float32, (STEPS, 12)),  # of length 1
        ("distance", np.float32, (STEPS, STEPS)),
        ("nearest", np.float32, (STEPS,)),  # harmony's distance to the nearest in the past
        ("silent", np.int64),  # steps in a row
        ("usual_low", np.float32),  # dB: the loudest of late
        ("usual_level", np.float32),
        ("restless", np.float32),  # dB: how far a step's level is from its past's, of late
        ("steady", np.float32),  # part of the last steps that have the low end
        ("away", np.int64),  # steps without the low end
        ("waits", np.int64),  # for a drop: after a break 1, after a build-up 2
        ("waits_since", np.int64),
        ("low_now", np.float32),  # power, smoothed over a moment
        ("rising", np.int64),  # sample where the low end came back; -1: it has not
        ("rising_low", np.float32),  # power summed since then
        ("rising_level", np.float32),
        ("rising_looks", np.int64),
        ("novelty", np.float32, (3,)),  # of the last splits, newest last
        ("last", np.int64, (4,)),  # sample of the last of each kind
        ("set", np.float32, (SET_BINS,)),  # seconds at each loudness
        ("set_s", np.float32),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    state["edges"] = [max(1, round(hz * FRAME / rate)) for hz in EDGES_HZ]
    state["rate"] = rate
    state["usual_low"] = state["usual_level"] = SILENT_DB
    state["rising"] = -1
    state["last"] = -(2**40)
    return state


@inline
def _db(power):
    return np.float32(10) * np.log10(power + np.float32(1e-10))


@inline
def _mean(row, steps, back, n):
    """Mean of a track's `n` steps that end `back` steps before the newest. [audio]"""
    total = np.float32(0)
    for k in range(n):
        total += row[(steps - 1 - back - k) & (STEPS - 1)]
    return total / np.float32(n)


@inline
def _listen(s, hop):
    """Take the newest spectrum into the step; its powers stand in `power`. [audio]"""
    magnitude, edges, power, before, total = hop.magnitude, s.edges, s.power, s.before, s.sum
    for b in range(N_BANDS):
        p = np.float32(0)
        for k in range(edges[b], max(edges[b] + 1, edges[b + 1])):
            p += magnitude[k] * magnitude[k]
        power[b] = p
        total[b] += p
        logarithm = np.log(p + np.float32(1e-7))
        s.flux_sum += max(np.float32(0), logarithm - before[b] - np.float32(0.3))
        before[b] += np.float32(0.5) * (logarithm - before[b])
    chroma, kept = hop.features.chroma, s.chroma_sum
    for k in range(12):
        kept[k] += chroma[k]
    s.looks += 1


@inline
def _is_over(s, hop):
    """Whether the step ends here. [audio]"""
    out = hop.features
    phase, s.phase = s.phase, out.beat_phase
    seconds = (hop.end - s.began) / s.rate
    if out.tempo_bpm > 0 and out.beat_confidence > np.float32(LEAST_BEAT):
        return (out.beat_phase < phase - np.float32(0.5) and seconds > SHORTEST_S) or seconds > LONGEST_S
    return seconds > UNKNOWN_S


@inline
def _keep(s, end):
    """Make a step of what was summed. Gives its level in dB. [audio]"""
    at = s.steps & (STEPS - 1)
    total, vector, n = s.sum, s.vector[at], np.float32(max(1, s.looks))
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
    level = max(np.float32(SILENT_DB), _db(all_power))
    for b in range(N_BANDS):
        vector[b] = max(np.float32(-30), _db(total[b] / n) - level) / np.float32(NEW_DB)
        total[b] = np.float32(0)
    flux = s.flux_sum / np.float32((end - s.began) / s.rate)
    vector[N_BANDS] = level / np.float32(LEVEL_DB)
    vector[N_BANDS + 1] = np.log(flux + np.float32(3))
    track = s.track
    track[LEVEL, at], track[FLUX, at] = level, flux
    track[LOW, at], track[HIGH, at] = max(np.float32(SILENT_DB), _db(low)), max(np.float32(SILENT_DB), _db(high))
    track[BRIGHT, at] = moment / (weight + np.float32(1e-6))
    _keep_chroma(s, s.chroma[at])
    s.start[at] = s.began
    s.flux_sum, s.looks, s.began = np.float32(0), 0, end
    s.steps += 1
    return level


@inline
def _keep_chroma(s, row):
    total, square = s.chroma_sum, np.float32(1e-9)
    for k in range(12):
        square += total[k] * total[k]
    scale = np.float32(1) / np.sqrt(square)
    for k in range(12):
        row[k] = total[k] * scale
        total[k] = np.float32(0)


@inline
def _compare(s):
    """Distances of the newest step to those before; and of its harmony to the nearest that has been before. [audio]"""
    newest = (s.steps - 1) & (STEPS - 1)
    a, c = s.vector[newest], s.chroma[newest]
    nearest = np.float32(1)
    for back in range(1, min(s.steps, RECENT + PAST)):
        other = (newest - back) & (STEPS - 1)
        b, d = s.vector[other], s.chroma[other]
        square = np.float32(0)
        for k in range(N_BANDS + 2):
            step = a[k] - b[k]
            square += step * step
        s.distance[newest, other] = s.distance[other, newest] = np.sqrt(square / np.float32(N_BANDS))
        if back >= RECENT:
            like = np.float32(0)
            for k in range(12):
                like += c[k] * d[k]
            nearest = min(nearest, np.float32(1) - like)
    s.nearest[newest] = nearest


@inline
def _split(s):
    """How much the last RECENT steps are unlike the up to PAST before them: an energy distance, 0 where alike. [audio]"""
    past = min(PAST, s.steps - RECENT)
    if past < LEAST_PAST:
        return np.float32(0)
    across, inside, outside = np.float32(0), np.float32(0), np.float32(0)
    newest = s.steps - 1
    for i in range(RECENT + past):
        row = s.distance[(newest - i) & (STEPS - 1)]
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
    harmony = _mean(s.nearest, s.steps, 0, RECENT) - _mean(s.nearest, s.steps, RECENT, min(past, 12))
    return max(np.float32(0), texture) + np.float32(CHROMA) * max(np.float32(0), harmony)


@inline
def _energy(s, level):
    """How much of the set so far was quieter than a level in dB, 0..1. [audio]"""
    quieter, total = np.float32(0), np.float32(1e-6)
    for k in range(SET_BINS):
        if s.set[k] > 0:
            over = level - (np.float32(SILENT_DB - 10 + k) + np.float32(0.5))
            quieter += s.set[k] / (np.float32(1) + np.exp(-over / np.float32(2)))
            total += s.set[k]
    return min(np.float32(1), quieter / total)


@inline
def _remember(s, level, seconds):
    """Take a step's level into the set's. [audio]"""
    k = min(SET_BINS - 1, max(0, int(level - np.float32(SILENT_DB - 10))))
    s.set[k] += np.float32(seconds)
    s.set_s += np.float32(seconds)
    if s.set_s > np.float32(SET_S):
        for k in range(SET_BINS):
            s.set[k] *= np.float32(0.5)
        s.set_s *= np.float32(0.5)


@inline
def _say(s, hop, what, at, confidence, level):
    """Emit a section that is as loud as `level` in dB. [audio]"""
    s.last[what] = at
    emit(hop, SECTION, at, np.float32(what), min(np.float32(1), confidence), _energy(s, level), 0.0, 0.0)


@inline
def _is_apart(s, at, kind):
    """Whether the last section of a kind is long over. [audio]"""
    return at - s.last[kind] > np.int64(APART_S * s.rate)


@inline
def _rise(row, steps, n):
    """How much a track has risen over `n` steps, from quarter to quarter and not in one step; 0 where it has not. [audio]"""
    each = n // 4
    q0, q1, q2, q3 = (
        _mean(row, steps, 3 * each, each),
        _mean(row, steps, 2 * each, each),
        _mean(row, steps, each, each),
        _mean(row, steps, 0, each),
    )
    rise = q3 - q0
    a, b, c = q1 - q0, q2 - q1, q3 - q2
    if rise <= 0 or min(a, b, c) < np.float32(0.1) * rise or max(a, b, c) > np.float32(0.65) * rise:
        return np.float32(0)
    return rise


@inline
def _building(s, n):
    """How surely the last `n` steps build up; about 1 is a build-up. [audio]"""
    level = min(np.float32(1.2), _rise(s.track[LEVEL], s.steps, n) / np.float32(6))
    high = min(np.float32(1.2), _rise(s.track[HIGH], s.steps, n) / np.float32(9))
    bright = min(np.float32(1.0), _rise(s.track[BRIGHT], s.steps, n) / np.float32(1.5))
    flux = min(np.float32(1.2), _rise(s.track[FLUX], s.steps, n) / np.float32(20))
    return (level + high + bright + flux) / np.float32(2) + (np.float32(0.25) if s.away >= BAR else np.float32(0))


@inline
def _lowest(s, n):
    """The step of the last `n` from which on it rises. [audio]"""
    level, high = s.track[LEVEL], s.track[HIGH]
    least, top, found = np.float32(1e9), np.float32(-1e9), s.steps - n
    for lap in range(2):
        for k in range(s.steps - n, s.steps - 1):
            a, b = k & (STEPS - 1), (k + 1) & (STEPS - 1)
            now = (level[a] + level[b]) / np.float32(6) + (high[a] + high[b]) / np.float32(9)
            if lap == 0:
                least, top = min(least, now), max(top, now)
            elif now <= least + np.float32(0.15) * (top - least):
                found = k
    return found


@inline
def _find_build(s, hop):
    if s.waits == 2 or s.steps < 8:
        return
    for n in (8, 16, 32):
        if s.steps >= n + BAR and (n > 8 or s.away >= BAR):
            sure = _building(s, n)
            at = s.start[_lowest(s, n) & (STEPS - 1)]
            if sure > np.float32(1) and at > s.last[DROP] and _is_apart(s, at, BUILD_UP):
                s.waits, s.waits_since = 2, hop.end
                _say(s, hop, BUILD_UP, at, sure / np.float32(2), _mean(s.track[LEVEL], s.steps, 0, BAR))
                return


@inline
def _has_low(s):
    """Whether there is a low end to be missed: strong enough, and most of the time. [audio]"""
    return s.steady > np.float32(STEADY) and s.usual_low > s.usual_level - np.float32(LOW_DB)


@inline
def _find_break(s, hop):
    """Follow whether the low end is there; a break where it or the drums are gone for a bar. [audio]"""
    newest = (s.steps - 1) & (STEPS - 1)
    track = s.track
    level = track[LEVEL]
    is_gone = track[LOW, newest] < s.usual_low - np.float32(GONE_DB)
    if is_gone and (s.away > 0 or _has_low(s)):
        s.away += 1
    elif s.away > 0 and _mean(track[LOW], s.steps, 0, 2) > s.usual_low - np.float32(HERE_DB):
        s.away = 0
    s.steady += np.float32(STEADY_STEP) * (np.float32(0 if is_gone else 1) - s.steady)
    rings_out = level[newest] < max(
        level[(newest - 1) & (STEPS - 1)] - np.float32(1.5), np.float32(SILENT_DB + 6), s.usual_level - np.float32(35)
    )
    if s.steps < 3 * BAR or s.waits != 0 or rings_out:
        return
    lasts = min(max(s.away, BAR), 2 * BAR)
    was_level, was_flux = _mean(level, s.steps, lasts, 2 * BAR), _mean(track[FLUX], s.steps, lasts, 2 * BAR)
    fall = was_level - _mean(level, s.steps, 0, BAR)
    flux = _mean(track[FLUX], s.steps, 0, BAR) / (was_flux + np.float32(1e-3))
    at = s.start[(s.steps - lasts) & (STEPS - 1)]
    if was_flux < np.float32(ATTACKS) or fall < np.float32(2) + s.restless or hop.end - at < np.int64(BREAK_S * s.rate):
        return
    is_bare = s.away == lasts or (flux < np.float32(0.45) and fall > np.float32(5))
    if is_bare and _is_apart(s, at, BREAK) and at - s.last[DROP] > np.int64(4 * s.rate):
        s.waits, s.waits_since = 1, hop.end
        sure = np.float32(0.3) + fall / np.float32(20) + np.float32(0.3) * max(0, 1 - flux)
        _say(s, hop, BREAK, at, sure, _mean(level, s.steps, 0, BAR))


@inline
def _find_drop(s, hop):
    """Watch the low end from look to look: where it comes back and stays for a beat, that is a drop. [audio]"""
    power = s.power
    low, level = power[0] + power[1], np.float32(0)
    for b in range(N_BANDS):
        level += power[b]
    s.low_now += np.float32(0.3) * (low - s.low_now)
    if s.rising < 0:
        is_due = s.waits == 2 and hop.end - s.waits_since < np.int64(BUILT_S * s.rate)
        is_missed = s.away >= (BAR if s.waits != 0 else 2 * BAR)
        if (is_missed or (is_due and _has_low(s))) and _db(s.low_now) > s.usual_low - np.float32(6):
            s.rising, s.rising_looks = hop.end - FRAME // 2, 0
            s.rising_low = s.rising_level = np.float32(0)
        return
    s.rising_low += low
    s.rising_level += level
    s.rising_looks += 1
    if s.rising_looks * STRIDE * HOP < 0.55 * s.rate:
        return
    low_db, level_db = _db(s.rising_low / s.rising_looks), _db(s.rising_level / s.rising_looks)
    low_rise = low_db - _mean(s.track[LOW], s.steps, 0, BAR)
    level_rise = level_db - _mean(s.track[LEVEL], s.steps, 0, BAR)
    least = np.float32(-6) if s.waits == 2 and low_rise > np.float32(10) else np.float32(1) + s.restless
    is_full = low_db > s.usual_low - np.float32(HERE_DB) and level_db > s.usual_level - np.float32(FULL_DB)
    if is_full and low_rise > np.float32(6) + s.restless and level_rise > least:
        if _is_apart(s, s.rising, DROP):
            sure = np.float32(0.3) + low_rise / np.float32(40) + level_rise / np.float32(20)
            sure += np.float32(0.2) if s.waits == 2 else np.float32(0)
            _say(s, hop, DROP, s.rising, sure, level_db)
        s.waits, s.away = 0, 0
    s.rising = -1


@inline
def _change(s, track):
    """How far a track's newest RECENT steps are from as many before. [audio]"""
    row = s.track[track]
    return _mean(row, s.steps, 1, RECENT) - _mean(row, s.steps, 1 + RECENT, RECENT)


@inline
def _find_boundary(s, hop):
    """A peak of the novelty that stands, a step after it. [audio]"""
    novelty = s.novelty
    novelty[0], novelty[1], novelty[2] = novelty[1], novelty[2], _split(s)
    if s.waits == 2 and hop.end - s.waits_since < np.int64(BUILT_S * s.rate):
        return
    peak = novelty[1]
    if peak < np.float32(BOUNDARY_AT) or peak < novelty[0] or peak <= novelty[2]:
        return
    at = s.start[(s.steps - 1 - RECENT) & (STEPS - 1)]
    if _mean(s.track[FLUX], s.steps, 0, RECENT) < np.float32(ATTACKS):
        return
    for kind in range(4):
        if not (_is_apart(s, at, kind)):
            return
    level = _mean(s.track[LEVEL], s.steps, 0, RECENT)
    sure = np.float32(1) - np.exp(-peak / np.float32(2 * BOUNDARY_AT))
    if _change(s, LEVEL) < np.float32(-3) and _change(s, LOW) < np.float32(-9) and s.waits == 0 and _has_low(s):
        s.waits, s.waits_since = 1, hop.end  # so soft a break that it shows only now
        _say(s, hop, BREAK, at, sure, level)
    else:
        _say(s, hop, BOUNDARY, at, sure, level)


@inline
def _begin_anew(s):
    """After silence. [audio]"""
    s.steps = s.away = s.waits = 0
    s.rising = -1
    s.novelty[0] = s.novelty[1] = s.novelty[2] = np.float32(0)


@inline
def _end_step(s, hop):
    seconds = (hop.end - s.began) / s.rate
    level = _keep(s, hop.end)
    if level <= np.float32(SILENT_DB):
        s.silent += 1
        if s.silent >= SILENT_STEPS:
            _begin_anew(s)
            return
    else:
        s.silent = 0
        _remember(s, level, seconds)
    _compare(s)
    fall = np.float32(USUAL_DB_PER_S * seconds)
    if s.away > FOREVER:
        s.away, s.usual_low, s.usual_level = 0, np.float32(SILENT_DB), np.float32(SILENT_DB)
    if s.steps >= BAR and s.away == 0 and s.waits == 0:
        s.usual_low = max(s.usual_low - fall, _mean(s.track[LOW], s.steps, 0, BAR))
        s.usual_level = max(s.usual_level - fall, _mean(s.track[LEVEL], s.steps, 0, BAR))
    if s.steps > 2 * BAR:
        off = abs(level - _mean(s.track[LEVEL], s.steps, 0, 2 * BAR))
        s.restless += np.float32(0.03) * (off - s.restless)
    if s.waits != 0 and hop.end - s.waits_since > np.int64(60 * s.rate):
        s.waits = 0
    _find_break(s, hop)
    _find_build(s, hop)
    _find_boundary(s, hop)


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Emit SECTION: what (dsp.hop), confidence and energy, 0..1. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    if hop.index % STRIDE == 0:
        _listen(s, hop)
        if s.steps >= BAR:
            _find_drop(s, hop)
    if _is_over(s, hop):
        _end_step(s, hop)
