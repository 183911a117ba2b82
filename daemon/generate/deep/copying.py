"""What repeats: the note that followed the longest earlier match of what has just been, and the one so many bars ago.

Music repeats itself within a piece far more than a network can learn from other pieces. IDyOM's short-term model and
the pointer networks of language modelling (Merity et al., 2017) use this; here it is given to the network as features.
"""

import numpy as np
from numba import njit

from daemon.generate.deep.alphabet import LAGS, NO_INTERVAL, NOTHING, VALUES, WIDEST

MEMORY = 4096  # notes

HISTORY = np.dtype(
    [
        ("n", np.int64),
        ("time", np.int16, (MEMORY,)),  # symbols
        ("pitch", np.int16, (MEMORY,)),
        ("duration", np.int16, (MEMORY,)),
        ("interval", np.int16, (MEMORY,)),  # from the note before, as `near` counts
        ("onset", np.int64, (MEMORY,)),  # ticks
        # how many notes before note j are as the newest ones are: in all, in rhythm, in intervals
        ("match", np.int16, (MEMORY,)),
        ("rhythm", np.int16, (MEMORY,)),
        ("contour", np.int16, (MEMORY,)),
    ]
)
"""What has been: one record."""

_LAGS = np.array(LAGS)
_VALUES = VALUES
_LONGEST = 1000
ANY = -1


@njit(cache=True)
def near(semitones):
    """An interval as the network counts it: 0 to 48, the middle being none."""
    return min(max(semitones, -WIDEST), WIDEST) + WIDEST


@njit(cache=True)
def bucket(length):
    """A match's length in nine classes: 0, 1, 2, 3, 4, 5-6, 7-9, 10-15, more."""
    if length <= 4:
        return length
    return 5 if length <= 6 else 6 if length <= 9 else 7 if length <= 15 else 8


@njit(cache=True)
def append(h, time, pitch, duration):
    """A note more: symbols and MIDI pitch. Its onset follows from its time. Full, the older half is forgotten."""
    n = h["n"]
    if n == MEMORY:
        half = MEMORY // 2
        for name in range(half):
            h["time"][name] = h["time"][name + half]
            h["pitch"][name] = h["pitch"][name + half]
            h["duration"][name] = h["duration"][name + half]
            h["interval"][name] = h["interval"][name + half]
            h["onset"][name] = h["onset"][name + half]
            h["match"][name] = h["match"][name + half]
            h["rhythm"][name] = h["rhythm"][name + half]
            h["contour"][name] = h["contour"][name + half]
        n = half
    h["time"][n], h["pitch"][n], h["duration"][n] = time, pitch, duration
    h["interval"][n] = near(pitch - h["pitch"][n - 1]) if n else NO_INTERVAL
    h["onset"][n] = (h["onset"][n - 1] if n else 0) + _VALUES[time]
    for j in range(n, 0, -1):
        in_rhythm = h["time"][j - 1] == time and h["duration"][j - 1] == duration
        in_contour = h["interval"][j - 1] == h["interval"][n]
        before = j - 1 if j > 1 else -1
        h["match"][j] = min((h["match"][before] if before > 0 else 0) + 1, _LONGEST) if in_rhythm and in_contour else 0
        h["rhythm"][j] = min((h["rhythm"][before] if before > 0 else 0) + 1, _LONGEST) if in_rhythm else 0
        h["contour"][j] = min((h["contour"][before] if before > 0 else 0) + 1, _LONGEST) if in_contour else 0
    h["n"] = n + 1


@njit(cache=True)
def _lag_note(h, onset, rank):
    """The note of that rank among those that began at an onset; -1: none."""
    n = h["n"]
    first = np.searchsorted(h["onset"][:n], onset)
    index = first + rank
    return index if index < n and h["onset"][index] == onset else -1


@njit(cache=True)
def _rank(h, onset):
    """How many of the notes so far began at an onset, which is the newest one's or later."""
    n, rank = h["n"], 0
    while rank < n and h["onset"][n - 1 - rank] == onset:
        rank += 1
    return rank


@njit(cache=True)
def _longest(h, lengths, time, interval):
    """(the newest note that followed the longest match, its length) of those with this time and interval; ANY: whatever.

    0 and 0: none.
    """
    best, longest = 0, 0
    for j in range(h["n"] - 1, 0, -1):
        agrees = (time < 0 or h["time"][j] == time) and (interval < 0 or h["interval"][j] == interval)
        if agrees and lengths[j] > longest:
            best, longest = j, lengths[j]
    return best, longest


@njit(cache=True)
def for_time(h, bar, out):
    """out int16 (5 + lags): match length, its next time, interval and duration; rhythm's length, its time; the lags'."""
    n = h["n"]
    best, longest = _longest(h, h["match"], ANY, ANY)
    rhythm, longest_rhythm = _longest(h, h["rhythm"], ANY, ANY)
    out[0] = bucket(longest)
    out[1] = h["time"][best] if best > 0 else NOTHING
    out[2] = h["interval"][best] if best > 0 else NO_INTERVAL
    out[3] = h["duration"][best] if best > 0 else NOTHING
    out[4] = bucket(longest_rhythm)
    out[5] = h["time"][rhythm] if rhythm > 0 else NOTHING
    for k in range(len(_LAGS)):
        out[6 + k] = NOTHING
        if n == 0:
            continue
        now = h["onset"][n - 1]
        then = now - _LAGS[k] * bar
        if then < h["onset"][0]:
            continue
        index = np.searchsorted(h["onset"][:n], then) + _rank(h, now)
        first_after = np.searchsorted(h["onset"][:n], then + 1)
        if index < first_after:
            out[6 + k] = 0
        elif first_after < n:
            out[6 + k] = _symbol(h["onset"][first_after] - then)


@njit(cache=True)
def _symbol(ticks):
    place = np.searchsorted(_VALUES, ticks)
    if place == len(_VALUES):
        return place - 1
    if place > 0 and ticks - _VALUES[place - 1] < _VALUES[place] - ticks:
        return place - 1
    return place


@njit(cache=True)
def for_pitch(h, bar, time, out):
    """out int16 (4 + lags): match length and interval where the time agrees; contour's; the lags' intervals."""
    n = h["n"]
    best, longest = _longest(h, h["match"], time, ANY)
    contour, longest_contour = _longest(h, h["contour"], ANY, ANY)
    out[0] = bucket(longest)
    out[1] = h["interval"][best] if best > 0 else NO_INTERVAL
    out[2] = bucket(longest_contour)
    out[3] = h["interval"][contour] if contour > 0 else NO_INTERVAL
    onset = (h["onset"][n - 1] if n else 0) + _VALUES[time]
    rank = _rank(h, onset)
    for k in range(len(_LAGS)):
        index = _lag_note(h, onset - _LAGS[k] * bar, rank)
        known = index >= 0 and n > 0
        out[4 + k] = near(h["pitch"][index] - h["pitch"][n - 1]) if known else NO_INTERVAL


@njit(cache=True)
def for_duration(h, bar, time, pitch, out):
    """out int16 (4 + lags): match length and duration where time and pitch agree; rhythm's; the lags' durations."""
    n = h["n"]
    interval = near(pitch - h["pitch"][n - 1]) if n else NO_INTERVAL
    best, longest = _longest(h, h["match"], time, interval)
    rhythm, longest_rhythm = _longest(h, h["rhythm"], time, ANY)
    out[0] = bucket(longest)
    out[1] = h["duration"][best] if best > 0 else NOTHING
    out[2] = bucket(longest_rhythm)
    out[3] = h["duration"][rhythm] if rhythm > 0 else NOTHING
    onset = (h["onset"][n - 1] if n else 0) + _VALUES[time]
    rank = _rank(h, onset)
    for k in range(len(_LAGS)):
        index = _lag_note(h, onset - _LAGS[k] * bar, rank)
        out[4 + k] = h["duration"][index] if index >= 0 else NOTHING
