"""Rows: the two loops that run decoders over what the networks say, a row a frame.

A caller clears nothing and copies what it wants to keep: each call starts an empty sink and takes rows until they end or
the sink might overflow; what is left is for the next call. How rows are divided among calls changes no event.
"""

import numpy as np

from dsp.activations import PITCHES
from dsp.decoders import beat, chord, f0, key, notes, onset
from dsp.decoders.sink import EVENTS
from dsp.kernel import inline, zeros

RHYTHM_STATE = np.dtype([("onset", onset.STATE), ("beat", beat.STATE)], align=True)
PITCH_STATE = np.dtype(
    [("notes", notes.STATE), ("f0", f0.STATE), ("chord", chord.STATE), ("key", key.STATE)], align=True
)

MOST_RHYTHM = 2  # events that a row may give
MOST_PITCH = PITCHES + notes.AT_ONCE + 3


def prepare_rhythm(rate: float) -> np.ndarray:
    """Fresh state of the rhythm network's decoders for an engine rate in Hz, shape (1,). [main]"""
    return _prepared(RHYTHM_STATE, rate, {"onset": onset, "beat": beat})


def prepare_pitch(rate: float) -> np.ndarray:
    """Fresh state of the pitch network's decoders for an engine rate in Hz, shape (1,). [main]"""
    return _prepared(PITCH_STATE, rate, {"notes": notes, "f0": f0, "chord": chord, "key": key})


def _prepared(dtype: np.dtype, rate: float, decoders: dict) -> np.ndarray:
    state = zeros(dtype)
    for name, module in decoders.items():
        state[name] = module.prepare(rate)
    return state


@inline
def rhythm(state, rows, ends, with_onset, with_beat, sinks):
    """Decode RHYTHM rows of frames that ended at samples `ends`; returns how many were taken. [worker]"""
    s, out = state[0], sinks[0]
    out.n = 0
    for k in range(rows.shape[0]):
        if out.n + MOST_RHYTHM > EVENTS:
            return k
        if with_onset:
            onset.decode(s.onset, rows[k], ends[k], out)
        if with_beat:
            beat.decode(s.beat, rows[k], ends[k], out)
    return rows.shape[0]


@inline
def pitch(state, rows, ends, with_notes, with_f0, with_chord, with_key, sinks):
    """Decode PITCH rows of frames that ended at samples `ends`; returns how many were taken. [worker]"""
    s, out = state[0], sinks[0]
    out.n = 0
    for k in range(rows.shape[0]):
        if out.n + MOST_PITCH > EVENTS:
            return k
        if with_notes:
            notes.decode(s.notes, rows[k], ends[k], out)
        if with_f0:
            f0.decode(s.f0, rows[k], ends[k], out)
        if with_chord:
            chord.decode(s.chord, rows[k], ends[k], out)
        if with_key:
            key.decode(s.key, rows[k], ends[k], out)
    return rows.shape[0]
