"""The built-in synth in a block: parameters and MIDI at their samples. [audio]

Nothing here allocates. The block is played in parts, from one event to the next; at one sample, parameters first.
"""

import numpy as np

from daemon.plugins.call import CALL
from dsp.kernel import inline, kernel, record_at
from dsp.native import floats_at
from dsp.synth.play import hear, sound
from dsp.synth.records import N_PARAMS, SYNTH


@inline
def _set(s, change):
    """One parameter."""
    if 0 <= change.index < N_PARAMS:
        s.values[change.index] = min(np.float32(1), max(np.float32(0), change.value))


@kernel(SYNTH, CALL)
def process(owns, calls):
    """The `process` of daemon.plugins.plugin.Plugin. [audio]"""
    s, call = record_at(owns, 1)[0], record_at(calls, 1)[0]
    n = call.n
    left, right = record_at(floats_at(call.outputs[0]), n), record_at(floats_at(call.outputs[1]), n)
    for i in range(n):
        left[i] = right[i] = 0.0
    call.n_midi_out = 0
    at, n_set, n_heard = 0, 0, 0
    while at < n:
        while n_set < call.n_params and call.params[n_set].at <= at:
            _set(s, call.params[n_set])
            n_set += 1
        while n_heard < call.n_midi and call.midi[n_heard].at <= at:
            hear(s, call.midi[n_heard])
            n_heard += 1
        end = n
        if n_set < call.n_params:
            end = min(end, np.int64(call.params[n_set].at))
        if n_heard < call.n_midi:
            end = min(end, call.midi[n_heard].at)
        sound(s, left, right, at, end)
        at = end
