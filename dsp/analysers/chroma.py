"""Chroma: 12 pitch classes from C of the notes that sound, tuned and freed of overtones and of broadband noise.

The notes come from dsp/salience.py; the middle voices, which carry the harmony, weigh most, and the bass is folded apart
as well, as chords need (Mauch and Dixon, ISMIR 2010).
"""

import numpy as np

from dsp import salience
from dsp.hop import HOP_STATE
from dsp.kernel import kernel, record_at, zeros
from dsp.salience import EVERY, LOWEST, NOTES, SIZE

STATE = np.dtype(
    [("salience", salience.STATE), ("harmony", np.float32, (NOTES,)), ("bass", np.float32, (NOTES,))], align=True
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    salience.prepare(state["salience"][0], rate)
    midi = LOWEST + np.arange(NOTES)
    state["harmony"] = np.clip((midi - 30) / 12, 0, 1) * np.clip((80 - midi) / 24, 0, 1)
    state["bass"] = np.clip((54 - midi) / 12, 0, 1)
    return state


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Each EVERY hops write `chroma`, `tuning_cents`, `chroma_time`; `hop.harmony`, `hop.bass` for key and chord. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    salience.take(hop, s.salience)
    hop.chroma_is_new = 0
    if hop.index % EVERY != 0:
        return
    salience.look(s.salience)
    hop.chroma_is_new = 1
    harmony, bass, notes = hop.harmony, hop.bass, s.salience.notes
    for k in range(12):
        harmony[k] = bass[k] = np.float32(0)
    for note in range(NOTES):
        k = (LOWEST + note) % 12
        strength = np.sqrt(notes[note])  # a loud melody must not hide the chord under it
        harmony[k] += s.harmony[note] * strength
        if 0 < note < NOTES - 1 and notes[note] > notes[note - 1] and notes[note] > notes[note + 1]:
            bass[k] += s.bass[note] * strength  # down there a note's spectrum reaches its neighbours
    loudest = np.float32(0)
    for k in range(12):
        loudest = max(loudest, harmony[k])
    out = hop.features
    chroma = out.chroma
    for k in range(12):
        chroma[k] = harmony[k] / loudest if loudest > 0 else np.float32(0)
    out.tuning_cents = np.float32(100) * s.salience.tuning if loudest > 0 else np.float32(0)
    out.chroma_time = hop.end - 2 * SIZE
