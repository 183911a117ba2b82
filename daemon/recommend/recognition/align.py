"""How well a few seconds of sound lie on a place of the library: which speed, which offset, how many landmarks agree.

The landmarks of both are laid over each other at all speeds of the fader, with and without key lock; the best is fitted by
least squares and its agreeing landmarks are counted, beside how many agree by chance when the two are shifted. [worker]
"""

import numpy as np

from daemon.recommend.recognition.search import PURE, STEPS
from dsp.kernel import inline

SPEEDS = 37  # tried, from 0.91 in steps of
STEP = 0.005
SLOWEST = 1.0 - STEP * (SPEEDS // 2)
BIN = 8  # ticks
REACH = 96  # ticks about the guess
BINS = 2 * REACH // BIN
NEAR = 4  # ticks within which two landmarks agree, and
SAME = 10  # steps
MOMENT = 6  # ticks
SHIFTS = (
    -211,
    -163,
    -127,
    -89,
    -61,
    67,
    97,
    131,
    157,
    223,
)  # ticks: the higher half of what agrees then is chance, as both have beats

FEWEST = 4  # votes that are worth a fit

LAY = np.dtype([("at", np.float64), ("speed", np.float64), ("lock", np.int64), ("votes", np.int64)])
FIT = np.dtype(
    [
        ("at", np.float64),  # ticks on the segment's timeline of time 0
        ("speed", np.float64),
        ("lock", np.int64),
        ("hits", np.float64),  # of the place's landmarks, those that the sound has
        ("of", np.float64),  # how many the place has
        ("chance", np.float64),  # share that agrees when shifted
        ("score", np.float64),  # standard deviations above chance
    ]
)


@inline
def laid(when, what, guess, times, pitches, free, lays):
    """Lay the sound over the place `guess`, in ticks: fill `lays`, two LAYs, one without and one with key lock.

    `when` and `what` are the index's landmarks; `times`, in ticks about 0, and `pitches` the sound's, rising; only those
    that are `free` count.
    """
    table = np.zeros((2, SPEEDS, BINS + 1), np.int32)
    low = np.searchsorted(when, np.uint32(max(guess + 1.1 * times[0] - REACH, 0)))
    high = np.searchsorted(when, np.uint32(max(guess + 1.1 * times[-1] + REACH, 0)))
    first = 0
    for n in range(low, high):
        since = np.float32(np.float64(when[n]) - guess)
        spread = np.float32(0.1) * abs(since) + REACH
        while first < len(times) and times[first] < since - np.float32(0.1) * abs(since) - REACH - 40:
            first += 1
        for q in range(first, len(times)):
            if times[q] > since + spread:
                break
            d = pitches[q] - np.float32(what[n])
            if abs(d) > 80 or not free[q]:
                continue
            octaves = d * np.float32(np.log(2.0) / STEPS)
            middle = int(np.round((np.float32(1.0 - SLOWEST) + octaves + octaves * octaves / 2) / np.float32(STEP)))
            for s in range(max(middle - 1, 0), min(middle + 2, SPEEDS)):
                b = int((since - np.float32(SLOWEST + STEP * s) * times[q] + REACH) // BIN)
                if 0 <= b < BINS:
                    table[0, s, b] += 1
            if abs(d) <= PURE:
                for s in range(SPEEDS):
                    b = int((since - np.float32(SLOWEST + STEP * s) * times[q] + REACH) // BIN)
                    if 0 <= b < BINS:
                        table[1, s, b] += 1
    for lock in range(2):
        lays[lock].votes = 0
        for s in range(SPEEDS):
            for b in range(BINS):
                count = table[lock, s, b] + table[lock, s, b + 1]
                if count > lays[lock].votes:
                    lays[lock].votes, lays[lock].lock = count, lock
                    lays[lock].speed, lays[lock].at = SLOWEST + STEP * s, float(guess + (b + 1) * BIN - REACH)


@inline
def fitted(when, what, lay, times, pitches, free, fit):
    """Fill `fit`, a FIT, from a LAY."""
    at, speed = lay.at, lay.speed
    for near in (8, NEAR, NEAR):
        at, speed = _fitted(when, what, at, speed, lay.lock, times, pitches, free, near)
    fit.at, fit.speed, fit.lock = at, speed, lay.lock
    fit.hits, fit.of = count(when, what, at, speed, lay.lock, times, pitches, free)
    shifted = np.zeros(len(SHIFTS))
    for k in range(len(SHIFTS)):
        hits, of = count(when, what, at + SHIFTS[k], speed, lay.lock, times, pitches, free)
        shifted[k] = hits / max(of, 1.0)
    fit.chance = max(np.sort(shifted)[len(SHIFTS) // 2 :].mean(), 0.03)
    fit.score = (fit.hits - fit.of * fit.chance) / np.sqrt(fit.of * fit.chance * (1 - fit.chance) + 0.5)


@inline
def fits(when, what, guesses, times, pitches, free, most):
    """The `most` places where most votes agree, of those guessed: FIT, the best score first."""
    lays = np.zeros(2 * len(guesses), LAY)
    if len(times) > 1:
        for k in range(len(guesses)):
            laid(when, what, guesses[k], times, pitches, free, lays[2 * k : 2 * k + 2])
    order = np.argsort(-lays["votes"], kind="mergesort")[:most]
    out = np.zeros(len(order), FIT)
    for k in range(len(order)):
        if lays[order[k]].votes >= FEWEST:
            fitted(when, what, lays[order[k]], times, pitches, free, out[k])
    return out[np.argsort(-out["score"], kind="mergesort")]


@inline
def _fitted(when, what, at, speed, lock, times, pitches, free, near):
    """The offset and speed that fit the agreeing landmarks best."""
    n, sx, sy, sxx, sxy = 0, 0.0, 0.0, 0.0, 0.0
    move = 0.0 if lock else np.log2(speed) * STEPS
    m = np.searchsorted(when, np.uint32(max(at + speed * times[0] - near, 0)))
    for q in range(len(times)):
        if not free[q]:
            continue
        t = at + speed * times[q]
        while m < len(when) and when[m] < t - near:
            m += 1
        k = m
        while k < len(when) and when[k] <= t + near:
            if abs(pitches[q] - move - what[k]) <= SAME:
                x, y = float(times[q]), float(when[k]) - at
                n += 1
                sx, sy, sxx, sxy = sx + x, sy + y, sxx + x * x, sxy + x * y
            k += 1
    bend = n * sxx - sx * sx
    if n < 4 or bend <= 0:
        return at, speed
    slope = min(max((n * sxy - sx * sy) / bend, speed - STEP), speed + STEP)
    return at + (sy - slope * sx) / n, slope


@inline
def count(when, what, at, speed, lock, times, pitches, free):
    """How many of the place's landmarks the sound has, and how many there are.

    Those of one moment are one note's partials or one drum's and come together: the second counts 1/2, the third 1/3.
    """
    move = 0.0 if lock else np.log2(speed) * STEPS
    low = np.searchsorted(when, np.uint32(max(at + speed * times[0], 0)))
    high = np.searchsorted(when, np.uint32(max(at + speed * times[-1], 0)))
    hits, of = 0.0, 0.0
    n_hits, n_of, moment = 0, 0, np.uint32(0)
    q = 0
    for n in range(low, high):
        if when[n] > moment + MOMENT:
            n_hits, n_of, moment = 0, 0, when[n]
        n_of += 1
        of += 1.0 / n_of
        t = (float(when[n]) - at) / speed
        while q < len(times) and times[q] < t - NEAR:
            q += 1
        k = q
        while k < len(times) and times[k] <= t + NEAR:
            if free[k] and abs(pitches[k] - move - what[n]) <= SAME:
                n_hits += 1
                hits += 1.0 / n_hits
                break
            k += 1
    return hits, of


@inline
def take(when, what, at, speed, lock, times, pitches, free):
    """Mark the sound's landmarks that this place explains as no longer free."""
    move = 0.0 if lock else np.log2(speed) * STEPS
    m = np.searchsorted(when, np.uint32(max(at + speed * times[0] - NEAR, 0)))
    for q in range(len(times)):
        t = at + speed * times[q]
        while m < len(when) and when[m] < t - NEAR:
            m += 1
        k = m
        while k < len(when) and when[k] <= t + NEAR:
            if abs(pitches[q] - move - what[k]) <= SAME:
                free[q] = False
            k += 1
