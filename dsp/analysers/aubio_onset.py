"""Onsets by aubio's C functions (P. Brossier, *Automatic annotation of musical audio*, 2006), frame 1024."""

import numpy as np

from dsp import aubio
from dsp.aubio import INPUT_OFFSET, OUTPUT_OFFSET
from dsp.hop import HOP, HOP_STATE, ONSET, emit
from dsp.kernel import kernel, record_at
from dsp.native import address_of, call3, fetch_float, fetch_uint

FRAME = 1024
FULL = 3.0  # band: aubio does not say


def prepare(rate: float, method: str = "hfc") -> np.ndarray:
    """State for an analysis rate in Hz and one of aubio's methods. Raises AubioError. [main]"""
    return aubio.prepare("onset", method, FRAME, rate, ("last", "descriptor"))


@kernel(HOP_STATE, aubio.STATE)
def process(hop_pointer, state_pointer):
    """Emit ONSET (sample_time, strength 0..1, band full) and write `onset_strength`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    base = address_of(state_pointer)
    s.input.data = address_of(hop.samples[hop.head - HOP : hop.head])
    call3(s.do, s.made, base + INPUT_OFFSET, base + OUTPUT_OFFSET)
    strength = max(np.float32(0), fetch_float(s.get[1], s.made))
    hop.features.onset_strength = strength
    if s.found[0] != 0:
        when = np.int64(fetch_uint(s.get[0], s.made))
        emit(hop, ONSET, when, strength / (np.float32(1) + strength), FULL, 0.0, 0.0, 0.0)
