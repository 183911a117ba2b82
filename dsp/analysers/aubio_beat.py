"""Tempo and beats by aubio's C functions (P. Brossier, *Automatic annotation of musical audio*, 2006), frame 1024."""

import numpy as np

from dsp import aubio
from dsp.aubio import INPUT_OFFSET, OUTPUT_OFFSET
from dsp.hop import BEAT, HOP, HOP_STATE, emit
from dsp.kernel import kernel, record_at
from dsp.native import address_of, call3, fetch_float, fetch_uint

FRAME = 1024


def prepare(rate: float, method: str = "default") -> np.ndarray:
    """State for an analysis rate in Hz. Raises AubioError. [main]"""
    return aubio.prepare("tempo", method, FRAME, rate, ("last", "bpm", "confidence"))


@kernel(HOP_STATE, aubio.STATE)
def process(hop_pointer, state_pointer):
    """Emit BEAT (sample_time, tempo_bpm, confidence, no position) and write tempo, phase and confidence. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    base = address_of(state_pointer)
    s.input.data = address_of(hop.samples[hop.head - HOP : hop.head])
    call3(s.do, s.made, base + INPUT_OFFSET, base + OUTPUT_OFFSET)
    out = hop.features
    tempo = fetch_float(s.get[1], s.made)
    confidence = min(np.float32(1), max(np.float32(0), fetch_float(s.get[2], s.made)))
    last = np.int64(fetch_uint(s.get[0], s.made))
    out.tempo_bpm, out.beat_confidence = tempo, confidence
    beats = (hop.end - last) / hop.rate * tempo / 60.0
    out.beat_phase = beats - np.floor(beats)
    if s.found[0] != 0:
        emit(hop, BEAT, last, tempo, confidence, 0.0, 0.0, 0.0)
