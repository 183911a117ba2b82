"""One pass over the catalogue's columns: the rows with the greatest weighted sum of parts.

It goes by blocks that stay in the nearest cache. A block's cheap parts come first, without branches, many rows at once;
where even full marks for the dear ones (timbre, chroma) could not lift a row over the worst of the best so far, those are
not looked at. So the answer is that of computing everything.
"""

import numpy as np
from numba import njit

from daemon.recommend.content import energy, harmony, loudness, tempo, timbre
from daemon.recommend.content.heap import push

TEMPO, KEY, CHROMA, ENERGY, TIMBRE, LOUDNESS, WORDS = range(7)
FIELDS = ("tempo", "key", "chroma", "energy", "timbre", "loudness", "words")

_BLOCK = 1024  # rows
_N_FIELDS = len(FIELDS)
_N_SOUND = timbre.N_SOUND
_WIDTH = timbre.WIDTH
_UNKNOWN = timbre.UNKNOWN
_CHROMA_WIDTH = harmony.CHROMA_WIDTH
_WHEEL = harmony.WHEEL
_NONE, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_UNIT = _ONE / (timbre.SCALE * timbre.SCALE)
_CHROMA_UNIT = _HALF / np.float32(harmony.CHROMA_SCALE**2)
_tempo_match, _energy_match, _loudness_match = tempo.match, energy.match, loudness.match
_fader, _semitones, _likeness = tempo.fader, harmony.semitones, timbre.likeness

kernel = njit(cache=True, nogil=True, error_model="numpy")


@kernel
def _tempi(playing, fader_range, locked, bpm, unknown, part, shift, known):
    for i in range(len(part)):
        percent, _ = _fader(playing, bpm[i])
        value = _tempo_match(percent, fader_range)
        has = bpm[i] > 0 and not np.isnan(value)  # a program that has not looked says 0
        part[i] = value if has else unknown
        semitones = _semitones(percent)
        shift[i] = semitones if abs(percent) <= fader_range and not locked else 0
        known[i] = has


@kernel
def _keys(wheel, keys, shift, part, known):
    """wheel float32 (25,): from the key that plays; its last is for what is not known."""
    for i in range(len(part)):
        key = np.int32(keys[i])
        ring = np.int32(np.int32(key >= 12) * 12)
        tonic = np.int32(key - ring + shift[i])  # -12..23
        tonic = np.int32(tonic + np.int32(np.int32(tonic < 0) * 12) - np.int32(np.int32(tonic >= 12) * 12))
        part[i] = wheel[np.uint32(tonic + ring if key >= 0 else 24)]
        known[i] |= key >= 0


@kernel
def _energies(wanted, energies, unknown, part, known):
    for i in range(len(part)):
        value = _energy_match(wanted, energies[i])
        has = not np.isnan(value)
        part[i] = value if has else unknown
        known[i] |= has


@kernel
def _loudnesses(playing, lufs, unknown, part, known):
    for i in range(len(part)):
        value = _loudness_match(playing, lufs[i])
        has = np.isfinite(lufs[i]) and not np.isnan(value)  # silence has none
        part[i] = value if has else unknown
        known[i] |= has


@kernel
def _cheap(q, bpm, keys, energies, lufs, shared, neutral, part, shift, known):
    """Tempo, key, energy, loudness and words into `part`, float32 (FIELDS, at least m); `neutral` where not known.

    A row of `part` is cut here: a column cut off it would not be contiguous, and the loops not made for many rows at once.
    """
    m = len(bpm)
    _tempi(q["tempo_bpm"], q["fader_range"], q["key_lock"], bpm, neutral[TEMPO], part[TEMPO][:m], shift, known)
    if q["key"] >= 0:
        wheel = np.empty(25, np.float32)
        wheel[:24] = _WHEEL[q["key"]]
        wheel[24] = neutral[KEY]
        _keys(wheel, keys, shift, part[KEY][:m], known)
    else:
        part[KEY][:m] = neutral[KEY]
    _energies(q["energy"], energies, neutral[ENERGY], part[ENERGY][:m], known)
    _loudnesses(q["loudness"], lufs, neutral[LOUDNESS], part[LOUDNESS][:m], known)
    for i in range(m):
        part[WORDS, i] = min(_ONE, shared[i])
        known[i] |= shared[i] > 0


@kernel
def _sound_match(wanted, row):
    """(likeness, how many numbers are known of both) of packed sounds."""
    square, n = np.int32(0), np.int32(0)
    for i in range(_WIDTH):
        a, b = np.int32(wanted[i]), np.int32(row[i])
        both = np.int32((a != _UNKNOWN) & (b != _UNKNOWN))
        d = np.int32(np.int32(a - b) * both)
        square = np.int32(square + np.int32(d * d))
        n = np.int32(n + both)
    return _likeness(np.float32(square) * _UNIT, np.float32(n)) if n else _NONE, n


@kernel
def _chroma_match(turned, row):
    dot = np.int32(0)
    for i in range(_CHROMA_WIDTH):
        dot = np.int32(dot + np.int32(np.int32(turned[i]) * np.int32(row[i])))
    return min(_ONE, max(_NONE, _HALF + np.float32(dot) * _CHROMA_UNIT))


@kernel
def best(
    queries, wanted, turned, bpm, keys, energies, lufs, chroma, sound, shared, allowed, weights, neutral, scores, rows
):
    """The heap of `len(rows)` best, unsorted, in `scores` (float32) and `rows` (int64); returns how many.

    `queries` holds one QUERY; wanted, turned: its packed fields; chroma and sound as `harmony.packed` and
    `timbre.packed`; shared float32 (n,): the part of words. weights (their sum 1) and neutral float32 by FIELDS.
    Rows of which nothing is known are left out. [worker]
    """
    q = queries[0]
    has_chroma, has_sound = turned[0, 0] != _UNKNOWN, False
    for i in range(_WIDTH):
        has_sound = has_sound or wanted[i] != _UNKNOWN
    most_chroma = weights[CHROMA] * (_ONE if has_chroma else neutral[CHROMA])
    most_sound = weights[TIMBRE] * (_ONE if has_sound else neutral[TIMBRE])
    part, sure = np.empty((_N_FIELDS, _BLOCK), np.float32), np.empty(_BLOCK, np.float32)
    shift, known = np.empty(_BLOCK, np.int8), np.empty(_BLOCK, np.uint8)
    n = 0
    for first in range(0, len(allowed), _BLOCK):
        end = min(first + _BLOCK, len(allowed))
        m = end - first
        _cheap(
            q,
            bpm[first:end],
            keys[first:end],
            energies[first:end],
            lufs[first:end],
            shared[first:end],
            neutral,
            part,
            shift[:m],
            known[:m],
        )
        for i in range(m):
            sure[i] = (
                weights[TEMPO] * part[TEMPO, i]
                + weights[KEY] * part[KEY, i]
                + weights[ENERGY] * part[ENERGY, i]
                + weights[LOUDNESS] * part[LOUDNESS, i]
                + weights[WORDS] * part[WORDS, i]
            )
        for i in range(m):
            row = first + i
            if allowed[row] == 0 or (n == len(rows) and sure[i] + most_sound + most_chroma <= scores[0]):
                continue
            of_sound, has = neutral[TIMBRE], known[i] != 0
            if has_sound:
                value, both = _sound_match(wanted, sound[row])
                if both:
                    of_sound, has = value, True
            score = sure[i] + weights[TIMBRE] * of_sound
            if n == len(rows) and score + most_chroma <= scores[0]:
                continue
            of_chroma = neutral[CHROMA]
            if has_chroma and chroma[row, 0] != _UNKNOWN:
                of_chroma, has = _chroma_match(turned[shift[i] % 12], chroma[row]), True
            score += weights[CHROMA] * of_chroma
            if has and (n < len(rows) or score > scores[0]):
                n = push(scores, rows, n, score, row)
    return n


@kernel
def exact(queries, wanted, turned, bpm, keys, energies, lufs, chroma, sounds, shared, neutral, part):
    """Every part of a few rows, from columns gathered for them, into `part` (float32 (FIELDS, m)); 0 if all unknown.

    wanted, turned: the fields `sound` and `chroma` of the query; chroma float32 (m, 12) as `harmony.centred`; sounds
    float32 (m, N_SOUND) standardised, NaN; shared (m,). [worker]
    """
    shift, known = np.empty(len(bpm), np.int8), np.empty(len(bpm), np.uint8)
    _cheap(queries[0], bpm, keys, energies, lufs, shared, neutral, part, shift, known)
    for row in range(len(bpm)):
        square, n = _NONE, 0
        for i in range(_N_SOUND):
            d = wanted[i] - sounds[row, i]
            if not np.isnan(d):
                square += d * d
                n += 1
        part[TIMBRE, row] = _likeness(square, np.float32(n)) if n else neutral[TIMBRE]
        r = _NONE
        for i in range(12):
            r += turned[shift[row] % 12, i] * chroma[row, i]
        part[CHROMA, row] = neutral[CHROMA] if np.isnan(r) else min(_ONE, max(_NONE, _HALF + _HALF * r))
        if not (known[row] or n or not np.isnan(r)):
            part[:, row] = _NONE
