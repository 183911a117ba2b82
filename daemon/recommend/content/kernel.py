"""One pass over the catalogue's columns: the rows with the greatest weighted sum of parts.

A row's cheap parts come first; where even full marks for the dear ones (chroma, timbre) could not lift it over the worst
of the best so far, those are not looked at. So the answer is that of computing everything.
"""

import numpy as np
from numba import njit

from daemon.recommend.content import energy, harmony, loudness, tempo, timbre

TEMPO, KEY, CHROMA, ENERGY, TIMBRE, LOUDNESS, WORDS = range(7)
FIELDS = ("tempo", "key", "chroma", "energy", "timbre", "loudness", "words")

_WHEEL = harmony.WHEEL
_N_SOUND = timbre.N_SOUND
_WIDTH = timbre.WIDTH
_UNKNOWN = timbre.UNKNOWN
_UNIT = np.float32(1.0) / (timbre.SCALE * timbre.SCALE)
_CHROMA_UNIT = np.float32(1 / 127)
_tempo_match, _energy_match, _loudness_match = tempo.match, energy.match, loudness.match
_fader, _semitones, _likeness = tempo.fader, harmony.semitones, timbre.likeness


@njit(cache=True, nogil=True, error_model="numpy")
def cheap(q, bpm, key, row_energy, lufs, out, neutral):
    """Tempo, key, energy and loudness into `out`, a float32 row of FIELDS; `neutral` where not known.

    Returns (how many are known, semitones that the candidate is transposed by).
    """
    known, shift = 0, 0
    out[TEMPO], out[KEY], out[ENERGY], out[LOUDNESS] = neutral[TEMPO], neutral[KEY], neutral[ENERGY], neutral[LOUDNESS]
    if bpm > 0.0 and q["tempo_bpm"] > 0.0:
        percent, _ = _fader(q["tempo_bpm"], bpm)
        out[TEMPO] = _tempo_match(percent, q["fader_range"])
        known += 1
        if not q["key_lock"] and abs(percent) <= q["fader_range"]:
            shift = _semitones(percent)
    if key >= 0 and q["key"] >= 0:
        tonic = (key + shift) % 12
        out[KEY] = _WHEEL[q["key"], tonic if key < 12 else tonic + 12]
        known += 1
    if not (np.isnan(row_energy) or np.isnan(q["energy"])):
        out[ENERGY] = _energy_match(q["energy"], row_energy)
        known += 1
    if not (np.isnan(lufs) or np.isnan(q["loudness"])):
        out[LOUDNESS] = _loudness_match(q["loudness"], lufs)
        known += 1
    return known, shift


@njit(cache=True, nogil=True, error_model="numpy")
def _sound_match(wanted, row):
    """(likeness, numbers known of both) of packed sounds."""
    square, n = np.int32(0), np.int32(0)
    for i in range(_WIDTH):
        a, b = np.int32(wanted[i]), np.int32(row[i])
        both = np.int32((a != _UNKNOWN) & (b != _UNKNOWN))
        d = np.int32(np.int32(a - b) * both)
        square = np.int32(square + np.int32(d * d))
        n = np.int32(n + both)
    return _likeness(np.float32(square) * _UNIT, np.float32(n)) if n else np.float32(0.0), n


@njit(cache=True, nogil=True, error_model="numpy")
def _worse(scores, rows, a, b):
    return scores[a] < scores[b] or (scores[a] == scores[b] and rows[a] > rows[b])


@njit(cache=True, nogil=True, error_model="numpy")
def _push(scores, rows, n, score, row):
    """A heap with its worst on top; `n` is how many it holds, and what is returned is how many it then does."""
    if n < len(rows):
        at = n
        scores[at], rows[at] = score, row
        while at > 0 and _worse(scores, rows, at, (at - 1) // 2):
            above = (at - 1) // 2
            scores[at], scores[above] = scores[above], scores[at]
            rows[at], rows[above] = rows[above], rows[at]
            at = above
        return n + 1
    scores[0], rows[0] = score, row
    at = 0
    while True:
        worst = at
        for below in (2 * at + 1, 2 * at + 2):
            if below < n and _worse(scores, rows, below, worst):
                worst = below
        if worst == at:
            return n
        scores[at], scores[worst] = scores[worst], scores[at]
        rows[at], rows[worst] = rows[worst], rows[at]
        at = worst


@njit(cache=True, nogil=True, error_model="numpy")
def best(queries, wanted, bpm, keys, energies, lufs, chroma, sound, shared, allowed, weights, neutral, scores, rows):
    """The heap of `len(rows)` best, unsorted, in `scores` (float32) and `rows` (int64); returns how many.

    `queries` holds one QUERY; chroma int8 (n, 12), 127ths of a centred one of length 1, -128 first: not known; sound as
    `timbre.packed`; shared float32 (n,): the part of words. weights (their sum 1) and neutral float32 by FIELDS.
    Rows of which nothing is known are left out. [worker]
    """
    q = queries[0]
    part = np.zeros(len(weights), np.float32)
    has_chroma = not np.isnan(q["chroma"][0, 0])
    has_sound = False
    for i in range(_WIDTH):
        has_sound = has_sound or wanted[i] != _UNKNOWN
    most_chroma = weights[CHROMA] * (np.float32(1.0) if has_chroma else neutral[CHROMA])
    most_sound = weights[TIMBRE] * (np.float32(1.0) if has_sound else neutral[TIMBRE])
    n = 0
    for row in range(len(allowed)):
        if allowed[row] == 0:
            continue
        known, shift = cheap(q, bpm[row], keys[row], energies[row], lufs[row], part, neutral)
        words = min(np.float32(1.0), shared[row])
        sure = (
            weights[TEMPO] * part[TEMPO]
            + weights[KEY] * part[KEY]
            + weights[ENERGY] * part[ENERGY]
            + weights[LOUDNESS] * part[LOUDNESS]
            + weights[WORDS] * words
        )
        if words > 0:
            known += 1
        if n == len(rows) and sure + most_sound + most_chroma <= scores[0]:
            continue
        of_sound, m = neutral[TIMBRE], 0
        if has_sound:
            value, m = _sound_match(wanted, sound[row])
            if m:
                of_sound = value
                known += 1
        sure += weights[TIMBRE] * of_sound
        if n == len(rows) and sure + most_chroma <= scores[0]:
            continue
        of_chroma = neutral[CHROMA]
        if has_chroma and chroma[row, 0] != -128:
            r = np.float32(0.0)
            for i in range(12):
                r += q["chroma"][shift % 12, i] * np.float32(chroma[row, i])
            of_chroma = min(np.float32(1.0), max(np.float32(0.0), np.float32(0.5) + np.float32(0.5) * r * _CHROMA_UNIT))
            known += 1
        score = sure + weights[CHROMA] * of_chroma
        if known and (n < len(rows) or score > scores[0]):
            n = _push(scores, rows, n, score, row)
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def exact(queries, wanted, bpm, keys, energies, lufs, chroma, sounds, shared, neutral, out):
    """Every part of a few rows, from columns gathered for them, into `out` (float32 (m, FIELDS)); 0 if all unknown.

    chroma float32 (m, 12): centred, of length 1, NaN; sounds float32 (m, N_SOUND) standardised, NaN; shared (m,). [worker]
    """
    q = queries[0]
    for row in range(len(out)):
        part = out[row]
        known, shift = cheap(q, bpm[row], keys[row], energies[row], lufs[row], part, neutral)
        part[WORDS] = min(np.float32(1.0), shared[row])
        if part[WORDS] > 0:
            known += 1
        square, n = np.float32(0.0), 0
        for i in range(_N_SOUND):
            d = wanted[i] - sounds[row, i]
            if not np.isnan(d):
                square += d * d
                n += 1
        part[TIMBRE] = neutral[TIMBRE]
        if n:
            part[TIMBRE] = _likeness(square, np.float32(n))
            known += 1
        r = np.float32(0.0)
        for i in range(12):
            r += q["chroma"][shift % 12, i] * chroma[row, i]
        part[CHROMA] = neutral[CHROMA]
        if not np.isnan(r):
            part[CHROMA] = min(np.float32(1.0), max(np.float32(0.0), np.float32(0.5) + np.float32(0.5) * r))
            known += 1
        if known == 0:
            part[:] = 0.0
