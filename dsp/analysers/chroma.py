"""Chroma: 12 pitch classes from C of the notes that sound, tuned and freed of overtones and of broadband noise.

The notes come from dsp/salience.py; treble and bass are folded apart, as chords need (Mauch and Dixon, ISMIR 2010).
"""

import numpy as np

from dsp import salience
from dsp.hop import HOP_STATE
from dsp.kernel import kernel, record_at, zeros
from dsp.salience import EVERY, LOWEST, NOTES, SIZE

STATE = np.dtype(
    [("salience", salience.STATE), ("treble", np.float32, (NOTES,)), ("bass", np.float32, (NOTES,))], align=True
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    salience.prepare(state["salience"][0], rate)
    midi = LOWEST + np.arange(NOTES)
    state["treble"] = np.clip((midi - 42) / 12, 0, 1) * np.clip((100 - midi) / 24, 0, 1)
    state["bass"] = np.clip((60 - midi) / 12, 0, 1)
    return state


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Every EVERY hops write `chroma`, `tuning_cents`, `chroma_time`, and `hop.treble`, `hop.bass` for key and chord. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    salience.take(hop, s.salience)
    hop.chroma_is_new = 0
    if hop.index % EVERY != 0:
        return
    salience.look(s.salience)
    hop.chroma_is_new = 1
    treble, bass, notes = hop.treble, hop.bass, s.salience.notes
    for k in range(12):
        treble[k] = bass[k] = np.float32(0)
    for note in range(NOTES):
        k = (LOWEST + note) % 12
        treble[k] += s.treble[note] * notes[note]
        bass[k] += s.bass[note] * notes[note]
    loudest = np.float32(0)
    for k in range(12):
        loudest = max(loudest, treble[k] + bass[k])
    out = hop.features
    chroma = out.chroma
    for k in range(12):
        chroma[k] = (treble[k] + bass[k]) / loudest if loudest > 0 else np.float32(0)
    out.tuning_cents = np.float32(100) * s.salience.tuning if loudest > 0 else np.float32(0)
    out.chroma_time = hop.end - 2 * SIZE
