"""What the audio thread is told: the command ring, and values that glide.

Commands are written by `rack.Rack` and committed together; all that one commit holds takes effect at one block's start.
"""

import numpy as np

from daemon.native import load_acquire, store_release
from daemon.plugins.call import MAX_PARAMS
from daemon.rack.records import (
    FLOAT,
    FLOAT_GLIDE,
    FORGET,
    N_COMMANDS,
    N_RAMPS,
    PARAM_GLIDE,
    PARAM_SET,
    RACK,
    RAMP_STEP,
    SLOT,
    SWAP,
    WORD,
)
from dsp.kernel import inline, offset_of, record_at
from dsp.native import pointer_to, store_float, store_word

slot_at = pointer_to(SLOT)

_COMMITTED, _READ = np.uint64(offset_of(RACK, "committed")), np.uint64(offset_of(RACK, "read"))


@inline
def _tell(address, index, value, at):
    """Put a parameter change into a plugin's next call; False where that is full. [audio]"""
    call = record_at(slot_at(address), 1)[0].call
    k = call.n_params
    if k == MAX_PARAMS:
        return False
    change = call.params[k]
    change.at, change.index, change.value = at, index, value
    call.n_params = k + 1
    return True


@inline
def _absent(address):
    """Whether the plugin does not run, so that its call stays full. [audio]"""
    s = record_at(slot_at(address), 1)[0]
    return s.presence == np.float32(0) and s.presence_to == np.float32(0)


@inline
def _drop(r, k):
    """Take a ramp out: the last one takes its place. [audio]"""
    last = r.n_ramps - 1
    a, b = r.ramps[k], r.ramps[last]
    a.target, a.index, a.start, a.stop, a.done, a.samples = b.target, b.index, b.start, b.stop, b.done, b.samples
    r.n_ramps = last


@inline
def _forget(r, target, index):
    """End the glide of a value that is set anew. [audio]"""
    k = 0
    while k < r.n_ramps:
        if r.ramps[k].target == target and r.ramps[k].index == index:
            _drop(r, k)
        else:
            k += 1


@inline
def _begin(r, target, index, start, stop, samples):
    """Let a value glide; False where there is no room. [audio]"""
    k = r.n_ramps
    if k == N_RAMPS or samples <= 0:
        return False
    ramp = r.ramps[k]
    ramp.target, ramp.index, ramp.start, ramp.stop, ramp.done, ramp.samples = target, index, start, stop, 0, samples
    r.n_ramps = k + 1
    return True


@inline
def _forget_all(r, start, size):
    """End every glide within a record that goes out of use. [audio]"""
    k = 0
    while k < r.n_ramps:
        if start <= r.ramps[k].target < start + size:
            _drop(r, k)
        else:
            k += 1


@inline
def obey(r, address):
    """Carry out all commands committed; what finds a plugin's call full waits for the next block. [audio]"""
    committed, read = load_acquire(address + _COMMITTED), r.read
    while read < committed:
        c = r.commands[read & (N_COMMANDS - 1)]
        kind, target, index = c.kind, c.target, np.int64(c.index)
        if kind == FLOAT:
            _forget(r, target, -1)
            store_float(target, c.value)
        elif kind == WORD:
            store_word(target, c.word)
        elif kind == SWAP:
            r.program = np.uint64(c.word)
        elif kind == FORGET:
            _forget_all(r, target, np.uint64(c.word))
        elif kind == FLOAT_GLIDE:
            _forget(r, target, -1)
            if not _begin(r, target, -1, c.start, c.value, c.samples):
                store_float(target, c.value)
        elif kind in (PARAM_SET, PARAM_GLIDE):
            _forget(r, target, index)
            glides = kind == PARAM_GLIDE and _begin(r, target, index, c.start, c.value, c.samples)
            if not glides and not _tell(target, index, c.value, 0) and not _absent(target):
                break
        read += 1
    store_release(address + _READ, read)


@inline
def _value(ramp, done):
    """Where a glide is after so many samples. [audio]"""
    part = min(np.float32(1), np.float32(done) / np.float32(ramp.samples))
    return ramp.start + (ramp.stop - ramp.start) * part


@inline
def glide(r, start, n):
    """Move every value that glides over the `n` samples from stream time `start`. [audio]

    Parameters move on a grid of the stream's own, so that block sizes change nothing.
    """
    first = -start & (RAMP_STEP - 1)
    for at in range(first, n, RAMP_STEP):
        for k in range(r.n_ramps):
            ramp = r.ramps[k]
            if ramp.index >= 0 and ramp.samples > 0:
                told = _tell(ramp.target, ramp.index, _value(ramp, ramp.done + at), np.int32(at))
                if ramp.done + at >= ramp.samples and (told or _absent(ramp.target)):
                    ramp.samples = 0
    k = 0
    while k < r.n_ramps:
        ramp = r.ramps[k]
        ramp.done += n
        if ramp.index < 0:
            store_float(ramp.target, _value(ramp, ramp.done))
        if ramp.samples == 0 or (ramp.index < 0 and ramp.done >= ramp.samples):
            _drop(r, k)
        else:
            k += 1
