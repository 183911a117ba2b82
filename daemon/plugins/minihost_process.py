"""A plugin of minihost's in a block: MIDI and parameters at their samples, audio through its channels. [audio]

Nothing here allocates. A block is split where a parameter changes; minihost copies inputs and outputs, so a plugin that
works in place never sees two that are one.
"""

import numpy as np
from numba import carray, cfunc, from_dtype, types

from daemon.plugins.call import CALL, CHANGES, MAX_PORTS
from daemon.plugins.changes import enter
from daemon.plugins.channels import SIDE, find
from daemon.plugins.minihost_abi import MIDI_EVENT, TRANSPORT
from daemon.plugins.native import call_int
from dsp.block import MAX_MIDI
from dsp.kernel import inline, kernel, record_at
from dsp.native import address_of, floats_at

MAX_INPUTS = MAX_PORTS + 2

OWN = np.dtype(
    [
        ("plugin", np.uint64),  # MH_Plugin*
        ("process", np.uint64),  # addresses of minihost's functions
        ("set_param", np.uint64),
        ("set_transport", np.uint64),
        ("n_inputs", np.int64),  # channels of the main bus as minihost has it
        ("n_side", np.int64),  # channels of a side-chain that is a bus of its own
        ("n_outputs", np.int64),
        ("source", np.int64, (MAX_INPUTS,)),  # of each channel of the main bus, as `channels` has it
        ("silence", np.uint64),  # address of float32[max_block]
        ("n_params", np.int64),
        ("known", np.uint64),  # address of float32[n_params]: the values that host and plugin agree on
        ("inputs", np.uint64, (MAX_INPUTS,)),
        ("side", np.uint64, (2,)),
        ("outputs", np.uint64, (MAX_PORTS,)),
        ("midi_in", MIDI_EVENT, (MAX_MIDI,)),
        ("midi_out", MIDI_EVENT, (MAX_MIDI,)),
        ("n_midi_out", np.int32, (2,)),
        ("transport", TRANSPORT, (1,)),
        ("changes", CHANGES),
    ],
    align=True,
)


@inline
def _set(own, change):
    """One parameter, and what is known of it, so that its echo is not taken for the plugin's own doing. [audio]"""
    if 0 <= change.index < own.n_params:
        carray(floats_at(own.known), own.n_params)[change.index] = change.value
        call_int(own.set_param, (own.plugin, change.index, change.value))


@inline
def _tell_transport(own, call):
    """Tempo and beat of this block. [audio]"""
    transport = own.transport[0]
    transport.tempo_bpm = call.tempo_bpm
    transport.beats_per_bar = 4
    transport.beat_unit = 4
    transport.sample_time = call.sample_time
    transport.beats = call.beats
    transport.is_playing = 1
    call_int(own.set_transport, (own.plugin, address_of(own.transport)))


@inline
def _midi_in(own, call, k, start, end):
    """The MIDI before `end`, from message k on; returns the next message's number and how many there were. [audio]"""
    count = 0
    while k < call.n_midi and (call.midi[k].at < end or end == call.n):
        source, target = call.midi[k], own.midi_in[count]
        target.at = max(source.at - start, 0)
        target.status = source.status
        target.data1 = source.data1
        target.data2 = source.data2
        count += 1
        k += 1
    return k, count


@inline
def _midi_out(own, call, start):
    """Hand on what the plugin played, but for system messages. [audio]"""
    count = call.n_midi_out
    for k in range(own.n_midi_out[0]):
        source = own.midi_out[k]
        if 0x80 <= source.status < 0xF0 and count < MAX_MIDI:
            target = call.midi_out[count]
            target.at = source.at + start
            target.port = 0
            target.status = source.status
            target.data1 = source.data1
            target.data2 = source.data2
            count += 1
    call.n_midi_out = count


@inline
def _run(own, call, start, end, n_midi):
    """The plugin itself, over a part of the block. [audio]"""
    for k in range(own.n_inputs):
        own.inputs[k] = find(call, own.source[k], start, own.silence)
    side = np.uint64(0)
    if own.n_side > 0 and call.side[0] != 0:
        for k in range(own.n_side):
            own.side[k] = find(call, SIDE + k, start, own.silence)
        side = address_of(own.side)
    for k in range(own.n_outputs):
        own.outputs[k] = call.outputs[k] + np.uint64(4 * start)
    own.n_midi_out[0] = 0
    call_int(
        own.process,
        (
            own.plugin,
            address_of(own.inputs),
            address_of(own.outputs),
            side,
            np.int32(end - start),
            address_of(own.midi_in),
            np.int32(n_midi),
            address_of(own.midi_out),
            np.int32(MAX_MIDI),
            address_of(own.n_midi_out),
        ),
    )


@kernel(OWN, CALL)
def process(owns, calls):
    """The `process` of daemon.plugins.plugin.Plugin. [audio]"""
    own, call = record_at(owns, 1)[0], record_at(calls, 1)[0]
    call.n_midi_out = 0
    if call.tempo_bpm > 0.0:
        _tell_transport(own, call)
    start, n_set, n_heard = 0, 0, 0
    while start < call.n:
        while n_set < call.n_params and call.params[n_set].at <= start:
            _set(own, call.params[n_set])
            n_set += 1
        end = call.n
        if n_set < call.n_params:
            end = min(end, call.params[n_set].at)
        n_heard, count = _midi_in(own, call, n_heard, start, end)
        _run(own, call, start, end, count)
        _midi_out(own, call, start)
        start = end
    while n_set < call.n_params:
        _set(own, call.params[n_set])
        n_set += 1


@cfunc(types.void(types.uintp, types.int32, types.float32, types.CPointer(from_dtype(OWN))), cache=True)
def note_change(plugin, index, value, owns):
    """minihost's parameter callback: enter what the host did not set itself. [any thread that sets parameters]"""
    own = record_at(owns, 1)[0]
    if 0 <= index < own.n_params:
        enter(own.changes, carray(floats_at(own.known), own.n_params), index, value)
