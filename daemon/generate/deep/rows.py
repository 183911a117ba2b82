"""Fills the network's three inputs from what has been: one code for training and for playing."""

import numpy as np
from numba import njit

from daemon.generate.deep import copying
from daemon.generate.deep.alphabet import (
    CANDIDATES,
    DURATION,
    LAGS,
    NO_INTERVAL,
    NOTHING,
    PHASES,
    PITCH,
    PITCHES,
    TOKEN,
    VALUES,
)
from daemon.generate.note import TICKS

SETTING = np.dtype(
    [("shift", np.int64), ("mode", np.int64), ("style", np.int64), ("texture", np.int64)]  # shift: alphabet.tonic_shift
)
"""What stays the same through a piece: `mode` 2 not known, `texture` 0 one line, 1 several parts."""

_VALUES, _LAGS = VALUES, len(LAGS)
_N_TOKEN, _N_PITCH, _N_DURATION = len(TOKEN.sizes), len(PITCH.sizes), len(DURATION.sizes)
SCRATCH = 6 + _LAGS


@njit(cache=True)
def place(onset, meters):
    """(ticks into the bar, number of the bar, its length): meters int64 (n, 2) of tick and bar length, in order."""
    k = 0
    bars = 0
    while k + 1 < len(meters) and meters[k + 1, 0] <= onset:
        bars += -(-(meters[k + 1, 0] - meters[k, 0]) // meters[k, 1])
        k += 1
    since = max(0, onset - meters[k, 0])
    return since % meters[k, 1], bars + since // meters[k, 1], meters[k, 1]


@njit(cache=True)
def relative(pitch, shift):
    """A pitch as counted from the tonic, within the table."""
    return min(max(pitch - shift, 0), PITCHES - 1)


@njit(cache=True)
def loudness(velocity):
    """A velocity in nine classes; 0: not known."""
    return min(8, 1 + velocity // 16) if velocity > 0 else 0


@njit(cache=True)
def _candidate(h, interval):
    """The pitch that an interval from the last note leads to; PITCHES: none."""
    if interval == NO_INTERVAL or h["n"] == 0:
        return PITCHES
    pitch = h["pitch"][h["n"] - 1] + interval - copying.WIDEST
    return pitch if 0 <= pitch < PITCHES else PITCHES


@njit(cache=True)
def token(h, setting, meters, velocity, part, out, candidates):
    """Fill TOKEN's fields and the time's candidates. `velocity` and `part` are the last note's."""
    n = h["n"]
    found = np.empty(SCRATCH, np.int16)
    onset = h["onset"][n - 1] if n else 0
    phase, bar, length = place(onset, meters)
    copying.for_time(h, length, found)
    out[0] = h["time"][n - 1] if n else NOTHING
    out[1] = relative(h["pitch"][n - 1], setting["shift"]) if n else PITCHES
    out[2] = h["duration"][n - 1] if n else NOTHING
    out[3] = loudness(velocity) if n else 0
    out[4] = part if n else 5
    out[5], out[6], out[7] = min(phase, PHASES - 1), bar % 8, min(length * 2 // TICKS, 16)
    out[8], out[9], out[10] = setting["mode"], setting["style"], setting["texture"]
    out[11:_N_TOKEN] = found[: _N_TOKEN - 11]
    candidates[0], candidates[1] = found[1], found[5]
    candidates[2:CANDIDATES] = found[6 : 6 + _LAGS]


@njit(cache=True)
def pitch(h, setting, meters, time, part, out, candidates):
    """Fill PITCH's fields and the pitch's candidates (MIDI; PITCHES: none) once the next note's time is chosen."""
    found = np.empty(SCRATCH, np.int16)
    n = h["n"]
    onset = (h["onset"][n - 1] if n else 0) + _VALUES[time]
    phase, _, length = place(onset, meters)
    copying.for_pitch(h, length, time, found)
    out[0], out[1], out[2] = time, min(phase, PHASES - 1), part
    out[3:_N_PITCH] = found[: _N_PITCH - 3]
    candidates[0], candidates[1] = _candidate(h, found[1]), _candidate(h, found[3])
    for k in range(_LAGS):
        candidates[2 + k] = _candidate(h, found[4 + k])


@njit(cache=True)
def duration(h, setting, meters, time, midi, part, out, candidates):
    """Fill DURATION's fields and the duration's candidates once time and pitch are chosen."""
    found = np.empty(SCRATCH, np.int16)
    n = h["n"]
    onset = (h["onset"][n - 1] if n else 0) + _VALUES[time]
    phase, _, length = place(onset, meters)
    copying.for_duration(h, length, time, midi, found)
    out[0], out[1], out[2] = time, min(phase, PHASES - 1), part
    out[3] = relative(midi, setting["shift"])
    out[4] = copying.near(midi - h["pitch"][n - 1]) if n else NO_INTERVAL
    out[5:_N_DURATION] = found[: _N_DURATION - 5]
    candidates[0], candidates[1] = found[1], found[3]
    candidates[2:CANDIDATES] = found[4 : 4 + _LAGS]
