"""f0 by aubio's C functions (yinfft, yinfast, mcomb ...: P. Brossier, *Automatic annotation of musical audio*, 2006)."""

import numpy as np

from dsp import aubio
from dsp.aubio import INPUT_OFFSET, OUTPUT_OFFSET
from dsp.hop import HOP, HOP_STATE
from dsp.kernel import kernel, record_at
from dsp.native import address_of, call3, fetch_float

FRAME = {"mcomb": 4096}  # samples; 2048 for the others


def prepare(rate: float, method: str = "yinfft") -> np.ndarray:
    """State for an analysis rate in Hz and one of aubio's methods. Raises AubioError. [main]"""
    return aubio.prepare("pitch", method, FRAME.get(method, 2048), rate, ("confidence",))


@kernel(HOP_STATE, aubio.STATE)
def process(hop_pointer, state_pointer):
    """Write `f0_hz`, `f0_confidence`, `voiced` (aubio's own decision: an f0 at all) and `f0_time`. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    base = address_of(state_pointer)
    s.input.data = address_of(hop.samples[hop.head - HOP : hop.head])
    call3(s.do, s.made, base + INPUT_OFFSET, base + OUTPUT_OFFSET)
    out = hop.features
    f0 = s.found[0]
    out.f0_hz = f0
    out.f0_confidence = min(np.float32(1), max(np.float32(0), fetch_float(s.get[0], s.made)))
    out.voiced = np.float32(1) if f0 > 0 else np.float32(0)
    out.f0_time = hop.end - s.centre
