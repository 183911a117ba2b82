"""The bridge: a chain that plays in another process, as one plugin of this one. Machine code at both ends.

The parent's audio thread copies a block into memory that both see, wakes the child, and waits for at most a quarter of the
block's time: no latency is added. What is not there by then passes dry, its MIDI is kept. A child that is still busy is
given nothing and not waited for; one that is late several times in a row is not waited for until it has been quick again.
"""

import mmap

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.native import audio_thread, load_acquire, monotonic_ns, store_release, zero_denormals
from daemon.plugins.call import CALL
from daemon.rack.isolation import futex
from daemon.rack.isolation.backlog import BACKLOG, forget_notes, hand_over, is_begin, is_end, keep
from daemon.rack.kernel import rack_at
from daemon.rack.mixing import delayed, toward
from daemon.rack.records import DELAY, PART, STEREO
from dsp.block import BLOCK, LOUDEST_BITS, MAX_MIDI, copy_message
from dsp.kernel import inline, offset_of, record_at
from dsp.native import call2, floats_at, pointer_to

BRIDGE = np.dtype(
    [
        ("request", np.int64),  # (p) the newest block's number, stored last
        ("_1", np.int64, (7,)),  # a cache line each
        ("done", np.int64),  # (c) the newest that is done, stored last
        ("_2", np.int64, (7,)),
        ("done_ns", np.int64),  # (c) when, CLOCK_MONOTONIC
        ("thread", np.int64),  # (c) the id of its audio thread, once that waits
        ("scratch", np.int64, (2,)),
        ("input", *STEREO),
        ("side", *STEREO),
        ("output", *STEREO),
        ("block", BLOCK),  # what the child's rack is handed; the addresses in it are the child's
    ],
    align=True,
)
"""What both processes see; the parent (p) trusts nothing that a broken child (c) may write."""

NEAR = np.dtype(
    [
        ("bridge", np.uint64),  # (m) address of the BRIDGE
        ("open", np.int64),  # (m) there is a child that waits
        ("fade_step", np.float32),  # (m) per sample
        ("asked", np.int64),  # requests ever
        ("asked_ns", np.int64),  # when the last one was
        ("taken", np.int64),  # the last one whose MIDI was taken
        ("misses", np.int64),  # blocks that passed dry since there was a child
        ("in_row", np.int64),
        ("heard", np.int64),  # samples that the child was given since, without a gap
        ("vain", np.int64),  # waits that were in vain
        ("amount", np.float32),  # of the child's sound against the dry
        ("last", np.float32, (2,)),  # what was heard last
        ("gap", np.float32, (2,)),  # from the dry sound to what was heard, where it took over,
        ("bend", np.float32),  # and how much of that is still added
        ("dry", *STEREO),
        ("delay", DELAY),  # (m) `wanted`: the child's latency
        ("backlog", BACKLOG),
        ("n_sounding", np.int64),
        ("sounding", np.uint8, (16, 128)),  # notes that the child's plugins began and did not end
        ("scratch", np.int64, (2,)),
    ],
    align=True,
)
"""The parent's own end, out of the child's reach; (m) its main thread, the rest its audio thread."""

IN_ROW = 3  # late blocks, before it is no longer waited for
NS_PART = 0.25e9  # of a block's time, in ns for each s: how long a block is waited for

bridge_at, near_at = pointer_to(BRIDGE), pointer_to(NEAR)
_REQUEST, _DONE, _THREAD = (np.uint64(offset_of(BRIDGE, name)) for name in ("request", "done", "thread"))
_BLOCK, _INPUT, _OUTPUT = (np.uint64(offset_of(BRIDGE, name)) for name in ("block", "input", "output"))
_OPEN, _CHANNEL = np.uint64(offset_of(NEAR, "open")), np.uint64(4 * PART)


@inline
def _is_done(near):
    return load_acquire(near.bridge + _DONE) == near.asked


@inline
def _post(near, b, call, left, right, side_left, side_right):
    """Hand a block over. [audio]"""
    block, n = b.block, call.n
    block.n, block.sample_time, block.rate = n, call.sample_time, call.rate
    block.tempo_bpm, block.beats = call.tempo_bpm, call.beats
    given, side = b.input, b.side
    for i in range(n):
        given[0, i], given[1, i] = left[i], right[i]
        side[0, i], side[1, i] = side_left[i], side_right[i]
    hand_over(near.backlog, block, call.sample_time, call.rate)
    near.asked += 1
    near.asked_ns = monotonic_ns(near.scratch)
    store_release(near.bridge + _REQUEST, near.asked)
    futex.wake(near.bridge + _REQUEST)


@inline
def _wait(near, patience_ns):
    """Whether the block is done in time. [audio]"""
    deadline = near.asked_ns + patience_ns
    where = near.bridge + _DONE
    while True:
        done = load_acquire(where)
        if done == near.asked:
            return True
        if monotonic_ns(near.scratch) >= deadline:
            near.vain += 1
            return False
        futex.wait_until(where, done, deadline, near.scratch)


@inline
def _take_midi(near, b, call):
    """What the child's plugins played, once for each request. [audio]"""
    block, last = b.block, np.int64(0)
    count = min(max(block.n_midi_out, 0), MAX_MIDI)
    for k in range(count):
        event = block.midi_out[k]
        last = min(max(event.at, last), call.n - 1)
        copy_message(event, call.midi_out[k], last)
        channel, key = event.status & 15, event.data1 & 127
        if is_begin(event) and near.sounding[channel, key] == 0:
            near.sounding[channel, key] = 1
            near.n_sounding += 1
        elif is_end(event) and near.sounding[channel, key] == 1:
            near.sounding[channel, key] = 0
            near.n_sounding -= 1
    call.n_midi_out = count
    near.taken = near.asked


@inline
def _end_notes(near, call):
    """Who could have ended these notes has died. [audio]"""
    for channel in range(16):
        for key in range(128):
            if near.sounding[channel, key] == 1 and call.n_midi_out < MAX_MIDI:
                event = call.midi_out[call.n_midi_out]
                event.at, event.port, event.status = 0, 0, np.uint8(0x80 | channel)
                event.data1, event.data2 = np.uint8(key), np.uint8(0)
                call.n_midi_out += 1
                near.sounding[channel, key] = 0
                near.n_sounding -= 1


@inline
def _pass_dry(near, n, left, right):
    """The delayed input, at first bent so that it begins where the sound was. [audio]"""
    dry, gap = near.dry, near.gap
    if near.amount > np.float32(0):
        gap[0], gap[1] = near.last[0] - dry[0, 0], near.last[1] - dry[1, 0]
        near.bend, near.amount = np.float32(1), np.float32(0)
    bend, step = near.bend, near.fade_step
    for i in range(n):
        left[i], right[i] = dry[0, i] + bend * gap[0], dry[1, i] + bend * gap[1]
        bend = max(np.float32(0), bend - step)
    near.bend = bend


@inline
def _give_wet(near, b, n, left, right):
    """What the child made, faded in if it was away. [audio]"""
    wet = b.output
    if near.amount == np.float32(1):
        for i in range(n):
            left[i], right[i] = wet[0, i], wet[1, i]
        return
    dry, gap, bend, amount, step = near.dry, near.gap, near.bend, near.amount, near.fade_step
    for i in range(n):
        amount = toward(amount, np.float32(1), step)
        keep_dry = np.float32(1) - amount
        left[i] = keep_dry * (dry[0, i] + bend * gap[0]) + amount * wet[0, i]
        right[i] = keep_dry * (dry[1, i] + bend * gap[1]) + amount * wet[1, i]
        bend = max(np.float32(0), bend - step)
    near.bend, near.amount = bend, amount


@inline
def _remember(near, c, samples, n):
    """What was heard last, if that is a sound. [audio]"""
    bits = samples.view(np.uint32)[n - 1] & np.uint32(0x7FFFFFFF)
    near.last[c] = samples[n - 1] if bits <= LOUDEST_BITS else np.float32(0)


@inline
def _ask(near, b, call, left, right):
    """Give the child the block if it is free; whether the answer is there in time. [audio]"""
    if not _is_done(near):
        return False
    if near.taken != near.asked:
        _take_midi(near, b, call)
    patience_ns = np.int64(NS_PART * call.n / call.rate)
    is_quick = near.in_row < IN_ROW or b.done_ns - near.asked_ns <= patience_ns
    side_left, side_right = record_at(floats_at(call.side[0]), call.n), record_at(floats_at(call.side[1]), call.n)
    _post(near, b, call, left, right, side_left, side_right)
    if not is_quick or not _wait(near, patience_ns):
        return False
    if call.n_midi_out == 0:  # else a late answer's MIDI leaves in this block, and this one's in the next
        _take_midi(near, b, call)
    return True


@cfunc(types.void(types.uintp, types.CPointer(from_dtype(CALL))), cache=True, error_model="numpy", fastmath=True)
def process(own, pointer):
    """The parent's end: what the program calls as a plugin of two inputs, two outputs and MIDI; `own` is a NEAR. [audio]"""
    near = record_at(near_at(own), 1)[0]
    call = record_at(pointer, 1)[0]
    b = record_at(bridge_at(near.bridge), 1)[0]
    n = call.n
    left, right = record_at(floats_at(call.inputs[0]), n), record_at(floats_at(call.inputs[1]), n)
    out_left, out_right = record_at(floats_at(call.outputs[0]), n), record_at(floats_at(call.outputs[1]), n)
    delayed(near.delay, left, right, near.dry, n, near.fade_step)
    call.n_midi_out = 0
    keep(near.backlog, call)
    in_time = False
    if load_acquire(own + _OPEN) != 0:
        in_time = _ask(near, b, call, left, right)
    else:
        near.in_row = 0
        near.taken = near.asked
        if near.backlog.n > 0:
            forget_notes(near.backlog)
        if near.n_sounding > 0:
            _end_notes(near, call)
    if in_time:
        near.in_row = 0
        near.heard += n
    else:
        near.in_row += 1
        near.heard = 0
        near.misses += near.asked > 0
    if in_time and (near.amount > np.float32(0) or near.heard > near.delay.now):  # before, it makes the gap heard
        _give_wet(near, b, n, out_left, out_right)
    else:
        _pass_dry(near, n, out_left, out_right)
    _remember(near, 0, out_left, n)
    _remember(near, 1, out_right, n)


@cfunc(types.void(types.uintp, types.uintp, types.uintp), cache=True, error_model="numpy")
def serve(bridge, kernel, rack):
    """The child's end, which never returns: each block asked for through the `kernel` of its RACK. [audio]"""
    zero_denormals()
    b = record_at(bridge_at(bridge), 1)[0]
    block, side = b.block, record_at(rack_at(rack), 1)[0].side
    for c in range(2):
        block.inputs[c] = bridge + _INPUT + np.uint64(c) * _CHANNEL
        block.outputs[c] = bridge + _OUTPUT + np.uint64(c) * _CHANNEL
    done = load_acquire(bridge + _REQUEST)  # what was asked of one that has died is not made up for
    store_release(bridge + _DONE, done)
    store_release(bridge + _THREAD, audio_thread())
    while True:
        asked = load_acquire(bridge + _REQUEST)
        if asked == done:
            futex.wait(bridge + _REQUEST, asked)
            continue
        for c in range(2):
            for i in range(block.n):
                side[c, i] = b.side[c, i]
        block.n_midi_out = 0
        call2(kernel, bridge + _BLOCK, rack)
        b.done_ns = monotonic_ns(b.scratch)
        done = asked
        store_release(bridge + _DONE, done)
        futex.wake(bridge + _DONE)


def mapped(fd: int) -> np.ndarray:
    """The BRIDGE, shape (1,), in a memory file of its size; mapped as long as the array lives. [main]"""
    return np.frombuffer(mmap.mmap(fd, BRIDGE.itemsize), BRIDGE)
