"""A CLAP plugin in a block: its parameters and MIDI as CLAP's events, its audio ports, what it says back. [audio]

Nothing here allocates.
"""

import numpy as np
from numba import carray, cfunc, from_dtype, types

from daemon.plugins import clap_abi as abi
from daemon.plugins.call import CALL, MAX_PORTS
from daemon.plugins.changes import enter
from daemon.plugins.channels import find
from daemon.plugins.native import call_int, doubles_at, thread_id, words_at
from dsp.block import MAX_MIDI
from dsp.kernel import inline, kernel, record_at
from dsp.native import address_of, floats_at

MAX_CHANNELS = 2 * MAX_PORTS
MIDI_MAX = 127.0

OWN = np.dtype(
    [
        ("host", abi.HOST, (1,)),
        ("plugin", np.uint64),
        ("function", np.uint64),  # address of the plugin's `process`
        ("speaks_clap", np.int64),  # notes as CLAP's own events
        ("speaks_midi", np.int64),  # the rest, and notes where it does not speak CLAP, as MIDI
        ("n_sources", np.int64),
        ("source", np.int64, (MAX_CHANNELS,)),  # of each input channel, port after port, as `channels` has it
        ("n_outputs", np.int64),
        ("silence", np.uint64),  # address of float32[max_block]
        ("stepped", np.uint64),  # address of float32[n_params]: 1 = whole numbers only
        ("inputs", abi.AUDIO, (abi.MAX_BUSES,)),
        ("outputs", abi.AUDIO, (abi.MAX_BUSES,)),
        ("in_channels", np.uint64, (MAX_CHANNELS,)),
        ("out_channels", np.uint64, (MAX_PORTS,)),
        ("transport", abi.TRANSPORT, (1,)),
        ("process", abi.PROCESS, (1,)),
        ("in_events", abi.IN_EVENTS, (1,)),
        ("out_events", abi.OUT_EVENTS, (1,)),
    ],
    align=True,
)

_IN, _OUT = types.CPointer(from_dtype(abi.IN_EVENTS)), types.CPointer(from_dtype(abi.OUT_EVENTS))


@cfunc(types.uint32(_IN), cache=True)
def count_events(lists):
    """clap_input_events.size"""
    return types.uint32(record_at(lists, 1)[0].count)


@cfunc(types.uintp(_IN, types.uint32), cache=True)
def get_event(lists, index):
    """clap_input_events.get"""
    events = record_at(lists, 1)[0]
    if index >= events.count:
        return types.uintp(0)
    return address_of(events.events) + types.uintp(index * types.uint32(64))


@inline
def _note(out, time, status, data1, data2):
    """Keep a message for the block's MIDI; False where there is no room. [audio]"""
    if out.n_midi >= MAX_MIDI or not 0x80 <= status < 0xF0:
        return False
    one = out.midi[out.n_midi]
    one.at, one.port = time, 0
    one.status, one.data1, one.data2 = status, data1, data2
    out.n_midi += 1
    return True


@inline
def _note_change(out, param_id, value):
    """Enter in the ring what the host did not set itself. [audio, main in a flush]"""
    ids = carray(words_at(out.ids), out.n_params)
    for k in range(out.n_params):
        if ids[k] == param_id:
            span = carray(doubles_at(out.spans), out.n_params)[k]
            part = (value - carray(doubles_at(out.leasts), out.n_params)[k]) / span if span > 0.0 else 0.0
            enter(out.changes, carray(doubles_at(out.known), out.n_params), k, part)
            return


@cfunc(types.boolean(_OUT, types.CPointer(from_dtype(abi.EVENT))), cache=True)
def push_event(lists, events):
    """clap_output_events.try_push; an event need not be longer than its type says."""
    out, event = record_at(lists, 1)[0], record_at(events, 1)[0]
    if event.space != 0:
        return True
    if event.type == abi.PARAM_VALUE:
        _note_change(out, event.param_id, event.value)
    elif event.type == abi.MIDI_MESSAGE:
        return _note(out, event.time, event.status, event.data1, event.data2)
    elif event.type in (abi.NOTE_ON, abi.NOTE_OFF) and event.key >= 0:
        on = event.type == abi.NOTE_ON
        velocity = min(max(round(event.velocity * MIDI_MAX), 1 if on else 0), 127)
        status = (0x90 if on else 0x80) | (event.channel & 15 if event.channel >= 0 else 0)
        return _note(out, event.time, status, event.key & 127, velocity)
    return True


@inline
def _begin_event(own, time, kind):
    """The next slot of the list of events, with its header. [audio]"""
    in_events = own.in_events[0]
    event = in_events.events[in_events.count]
    in_events.count += 1
    event.time, event.space, event.type, event.flags = time, 0, kind, 0
    return event


@inline
def _add_param(own, change):
    """A parameter change as CLAP's event. [audio]"""
    out, k = own.out_events[0], change.index
    if k < 0 or k >= out.n_params:
        return
    carray(doubles_at(out.known), out.n_params)[k] = change.value
    least = carray(doubles_at(out.leasts), out.n_params)[k]
    value = least + change.value * carray(doubles_at(out.spans), out.n_params)[k]
    if carray(floats_at(own.stepped), out.n_params)[k] > 0.0:
        value = float(round(value))
    event = _begin_event(own, change.at, abi.PARAM_VALUE)
    event.size = 56
    event.param_id = carray(words_at(out.ids), out.n_params)[k]
    event.cookie = 0
    event.of_note, event.of_port, event.of_channel, event.of_key = -1, -1, -1, -1
    event.value = value


@inline
def _add_midi(own, message):
    """A MIDI message as an event that the plugin understands, if any. [audio]"""
    kind, channel = message.status & 0xF0, message.status & 0x0F
    if own.speaks_clap and (kind in (0x80, 0x90)):
        on = kind == 0x90 and message.data2 > 0
        event = _begin_event(own, message.at, abi.NOTE_ON if on else abi.NOTE_OFF)
        event.size = 40
        event.note_id, event.note_port, event.channel, event.key = -1, 0, channel, message.data1
        event.velocity = message.data2 / MIDI_MAX
    elif own.speaks_midi:
        event = _begin_event(own, message.at, abi.MIDI_MESSAGE)
        event.size = 24
        event.midi_port = 0
        event.status, event.data1, event.data2 = message.status, message.data1, message.data2


@inline
def _fill_events(own, call):
    """Parameters and MIDI in one list by time; at one sample, parameters first. [audio]"""
    own.in_events[0].count = 0
    k = 0
    for change in call.params[: call.n_params]:
        while k < call.n_midi and call.midi[k].at < change.at:
            _add_midi(own, call.midi[k])
            k += 1
        _add_param(own, change)
    while k < call.n_midi:
        _add_midi(own, call.midi[k])
        k += 1


@inline
def _tell_transport(own, call):
    """Tempo and beat of this block; no transport where they are not known. [audio]"""
    process, transport = own.process[0], own.transport[0]
    process.transport = 0
    if call.tempo_bpm > 0.0:
        transport.size, transport.type = 104, 9
        transport.flags = abi.HAS_TEMPO | abi.HAS_BEATS | abi.HAS_SECONDS | abi.HAS_METRE | abi.IS_PLAYING
        transport.beats = int(call.beats * abi.BEAT)
        transport.seconds = int(call.sample_time / call.rate * abi.BEAT)
        transport.tempo_bpm = call.tempo_bpm
        transport.bar = int(call.beats) // 4
        transport.bar_start = transport.bar * 4 * abi.BEAT
        transport.beats_per_bar, transport.beat_unit = 4, 4
        process.transport = address_of(own.transport)


@inline
def _point(own, call):
    """Where each channel of each port lies in this block. [audio]"""
    for k in range(own.n_sources):
        own.in_channels[k] = find(call, own.source[k], 0, own.silence)
    for k in range(own.n_outputs):
        own.out_channels[k] = call.outputs[k]
    for k in range(abi.MAX_BUSES):
        own.outputs[k].constant_mask = 0


@kernel(OWN, CALL)
def process(owns, calls):
    """The `process` of daemon.plugins.plugin.Plugin. [audio]"""
    own, call = record_at(owns, 1)[0], record_at(calls, 1)[0]
    host, out, block = own.host[0], own.out_events[0], own.process[0]
    _fill_events(own, call)
    _tell_transport(own, call)
    _point(own, call)
    block.steady_time, block.n = call.sample_time, call.n
    out.n_midi = 0
    host.audio_thread = thread_id()
    status = call_int(own.function, (own.plugin, address_of(own.process)))
    host.audio_thread = 0
    if status == 0:  # an error: what lies in the outputs is anything
        for k in range(own.n_outputs):
            sound = carray(floats_at(own.out_channels[k]), call.n)
            for i in range(call.n):
                sound[i] = 0.0
    for k in range(out.n_midi):
        call.midi_out[k] = out.midi[k]
    call.n_midi_out = out.n_midi
