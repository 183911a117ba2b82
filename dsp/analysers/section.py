"""Sections: a build-up, a drop, a break, or a texture that has changed for good; each with how loud it is for the set.

The sound's texture is followed beat by beat (dsp/texture.py). Four things are looked for:

- boundary: a peak of how unlike the last two bars are to those before, where homogeneity ends (terms as in J. Paulus,
  M. Mueller and A. Klapuri, ISMIR 2010).
- break: the low end or the drums are gone for a bar, and it is quieter.
- build-up: level, treble, brightness and attacks rise from bar to bar, and not in one step.
- drop: after a break, a build-up or a while without a low end that comes back within a moment and stays for a beat.

Nothing looks ahead, so each is known some time after it began: a drop by a beat, a break by a bar, a boundary by two to
three, a build-up when it has risen for two.
"""

import numpy as np

from dsp import texture
from dsp.hop import BOUNDARY, BREAK, BUILD_UP, DROP, FRAME, HOP, HOP_STATE, SECTION, emit
from dsp.kernel import inline, kernel, record_at, zeros
from dsp.texture import BRIGHT, FLUX, HIGH, LEVEL, LOW, N_BANDS, RECENT, SILENT_DB, STEPS, db, mean, rise

STRIDE = 4  # hops between two looks at the spectrum

SILENT_STEPS = 4  # after which the music begins anew
USUAL_DB_PER_S = 0.05  # how fast the usual level and low end are forgotten

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

SET_BINS = 80  # of 1 dB, from SILENT_DB - 10 on
SET_S = 1800.0  # after so long the set's past counts half

STATE = np.dtype(
    [
        ("texture", texture.TEXTURE),
        ("rate", np.float64),
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
    texture.prepare(state["texture"][0], rate)
    state["rate"] = rate
    state["usual_low"] = state["usual_level"] = SILENT_DB
    state["rising"] = -1
    state["last"] = -(2**40)
    return state


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
def _building(s, n):
    """How surely the last `n` steps build up; about 1 is a build-up. [audio]"""
    level = min(np.float32(1.2), rise(s.texture, LEVEL, n) / np.float32(6))
    high = min(np.float32(1.2), rise(s.texture, HIGH, n) / np.float32(9))
    bright = min(np.float32(1.0), rise(s.texture, BRIGHT, n) / np.float32(1.5))
    flux = min(np.float32(1.2), rise(s.texture, FLUX, n) / np.float32(20))
    return (level + high + bright + flux) / np.float32(2) + (np.float32(0.25) if s.away >= BAR else np.float32(0))


@inline
def _lowest(s, n):
    """The step of the last `n` from which on it rises. [audio]"""
    level, high = s.texture.track[LEVEL], s.texture.track[HIGH]
    least, top, found = np.float32(1e9), np.float32(-1e9), s.texture.steps - n
    for lap in range(2):
        for k in range(s.texture.steps - n, s.texture.steps - 1):
            a, b = k & (STEPS - 1), (k + 1) & (STEPS - 1)
            now = (level[a] + level[b]) / np.float32(6) + (high[a] + high[b]) / np.float32(9)
            if lap == 0:
                least, top = min(least, now), max(top, now)
            elif now <= least + np.float32(0.15) * (top - least):
                found = k
    return found


@inline
def _find_build(s, hop):
    if s.waits == 2 or s.texture.steps < 8:
        return
    for n in (8, 16, 32):
        if s.texture.steps >= n + BAR and (n > 8 or s.away >= BAR):
            sure = _building(s, n)
            at = s.texture.start[_lowest(s, n) & (STEPS - 1)]
            if sure > np.float32(1) and at > s.last[DROP] and _is_apart(s, at, BUILD_UP):
                s.waits, s.waits_since = 2, hop.end
                _say(s, hop, BUILD_UP, at, sure / np.float32(2), mean(s.texture, LEVEL, 0, BAR))
                return


@inline
def _has_low(s):
    """Whether there is a low end to be missed: strong enough, and most of the time. [audio]"""
    return s.steady > np.float32(STEADY) and s.usual_low > s.usual_level - np.float32(LOW_DB)


@inline
def _find_break(s, hop):
    """Follow whether the low end is there; a break where it or the drums are gone for a bar. [audio]"""
    newest = (s.texture.steps - 1) & (STEPS - 1)
    track = s.texture.track
    level = track[LEVEL]
    is_gone = track[LOW, newest] < s.usual_low - np.float32(GONE_DB)
    if is_gone and (s.away > 0 or _has_low(s)):
        s.away += 1
    elif s.away > 0 and mean(s.texture, LOW, 0, 2) > s.usual_low - np.float32(HERE_DB):
        s.away = 0
    s.steady += np.float32(STEADY_STEP) * (np.float32(0 if is_gone else 1) - s.steady)
    rings_out = level[newest] < max(
        level[(newest - 1) & (STEPS - 1)] - np.float32(1.5), np.float32(SILENT_DB + 6), s.usual_level - np.float32(35)
    )
    if s.texture.steps < 3 * BAR or s.waits != 0 or rings_out:
        return
    lasts = min(max(s.away, BAR), 2 * BAR)
    was_level, was_flux = (
        mean(s.texture, LEVEL, lasts, 2 * BAR),
        mean(s.texture, FLUX, lasts, 2 * BAR),
    )
    fall = was_level - mean(s.texture, LEVEL, 0, BAR)
    flux = mean(s.texture, FLUX, 0, BAR) / (was_flux + np.float32(1e-3))
    at = s.texture.start[(s.texture.steps - lasts) & (STEPS - 1)]
    if was_flux < np.float32(ATTACKS) or fall < np.float32(2) + s.restless or hop.end - at < np.int64(BREAK_S * s.rate):
        return
    is_bare = s.away == lasts or (flux < np.float32(0.45) and fall > np.float32(5))
    if is_bare and _is_apart(s, at, BREAK) and at - s.last[DROP] > np.int64(4 * s.rate):
        s.waits, s.waits_since = 1, hop.end
        sure = np.float32(0.3) + fall / np.float32(20) + np.float32(0.3) * max(0, 1 - flux)
        _say(s, hop, BREAK, at, sure, mean(s.texture, LEVEL, 0, BAR))


@inline
def _find_drop(s, hop):
    """Watch the low end from look to look: where it comes back and stays for a beat, that is a drop. [audio]"""
    power = s.texture.power
    low, level = power[0] + power[1], np.float32(0)
    for b in range(N_BANDS):
        level += power[b]
    s.low_now += np.float32(0.3) * (low - s.low_now)
    if s.rising < 0:
        is_due = s.waits == 2 and hop.end - s.waits_since < np.int64(BUILT_S * s.rate)
        is_missed = s.away >= (BAR if s.waits != 0 else 2 * BAR)
        if (is_missed or (is_due and _has_low(s))) and db(s.low_now) > s.usual_low - np.float32(6):
            s.rising, s.rising_looks = hop.end - FRAME // 2, 0
            s.rising_low = s.rising_level = np.float32(0)
        return
    s.rising_low += low
    s.rising_level += level
    s.rising_looks += 1
    if s.rising_looks * STRIDE * HOP < 0.55 * s.rate:
        return
    low_db, level_db = db(s.rising_low / s.rising_looks), db(s.rising_level / s.rising_looks)
    low_rise = low_db - mean(s.texture, LOW, 0, BAR)
    level_rise = level_db - mean(s.texture, LEVEL, 0, BAR)
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
    return mean(s.texture, track, 1, RECENT) - mean(s.texture, track, 1 + RECENT, RECENT)


@inline
def _find_boundary(s, hop):
    """A peak of the novelty that stands, a step after it. [audio]"""
    novelty = s.novelty
    novelty[0], novelty[1], novelty[2] = novelty[1], novelty[2], texture.unlike(s.texture)
    if s.waits == 2 and hop.end - s.waits_since < np.int64(BUILT_S * s.rate):
        return
    peak = novelty[1]
    if peak < np.float32(BOUNDARY_AT) or peak < novelty[0] or peak <= novelty[2]:
        return
    at = s.texture.start[(s.texture.steps - 1 - RECENT) & (STEPS - 1)]
    if mean(s.texture, FLUX, 0, RECENT) < np.float32(ATTACKS):
        return
    for kind in range(4):
        if not (_is_apart(s, at, kind)):
            return
    level = mean(s.texture, LEVEL, 0, RECENT)
    sure = np.float32(1) - np.exp(-peak / np.float32(2 * BOUNDARY_AT))
    if _change(s, LEVEL) < np.float32(-3) and _change(s, LOW) < np.float32(-9) and s.waits == 0 and _has_low(s):
        s.waits, s.waits_since = 1, hop.end  # so soft a break that it shows only now
        _say(s, hop, BREAK, at, sure, level)
    else:
        _say(s, hop, BOUNDARY, at, sure, level)


@inline
def _begin_anew(s):
    """After silence. [audio]"""
    s.texture.steps = s.away = s.waits = 0
    s.rising = -1
    s.novelty[0] = s.novelty[1] = s.novelty[2] = np.float32(0)


@inline
def _end_step(s, hop):
    seconds = (hop.end - s.texture.began) / s.rate
    level = texture.keep(s.texture, hop.end)
    if level <= np.float32(SILENT_DB):
        s.silent += 1
        if s.silent >= SILENT_STEPS:
            _begin_anew(s)
            return
    else:
        s.silent = 0
        _remember(s, level, seconds)
    texture.compare(s.texture)
    fall = np.float32(USUAL_DB_PER_S * seconds)
    if s.away > FOREVER:
        s.away, s.usual_low, s.usual_level = 0, np.float32(SILENT_DB), np.float32(SILENT_DB)
    if s.texture.steps >= BAR and s.away == 0 and s.waits == 0:
        s.usual_low = max(s.usual_low - fall, mean(s.texture, LOW, 0, BAR))
        s.usual_level = max(s.usual_level - fall, mean(s.texture, LEVEL, 0, BAR))
    if s.texture.steps > 2 * BAR:
        off = abs(level - mean(s.texture, LEVEL, 0, 2 * BAR))
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
        texture.listen(s.texture, hop)
        if s.texture.steps >= BAR:
            _find_drop(s, hop)
    if texture.is_over(s.texture, hop):
        _end_step(s, hop)
