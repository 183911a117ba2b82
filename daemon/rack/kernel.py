"""The rack's part of the audio callback: every chain in its order, every plugin in its chain. Machine code only.

A block's way: commands -> input -> per chain: feeds -> plugins (dry and wet, equally late) -> gain, balance -> other chains
and the output. Crossfades are linear; a plugin that is not wanted, or not yet, is faded around.
"""

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.native import audio_cpu, audio_thread, monotonic_ns
from daemon.rack import records as rec
from daemon.rack.mixing import blend, clear, delayed, feed, toward
from daemon.rack.orders import glide, obey, slot_at
from dsp.block import BLOCK, EVERY_PORT, LOUDEST_BITS, MAX_MIDI, copy_message, insert_message
from dsp.kernel import inline, offset_of, record_at
from dsp.native import call2, floats_at, pointer_to

program_at, chain_at = pointer_to(rec.PROGRAM), pointer_to(rec.CHAIN)
rack_at = pointer_to(rec.RACK)

BLOCK_POINTER = types.CPointer(from_dtype(BLOCK))

_CALL, _OUT, _MONO, _SIDE = (np.uint64(offset_of(rec.SLOT, name)) for name in ("call", "out", "mono", "side"))
_WORK, _SILENCE = np.uint64(offset_of(rec.CHAIN, "work")), np.uint64(offset_of(rec.RACK, "silence"))
_CHANNEL = np.uint64(4 * rec.PART)  # bytes from one channel to the next

_SMALLEST = np.uint32(0x00800000)  # below, a float32 is denormal
_HALF = np.float32(0.5)
_ALL_NOTES_OFF = 123


@inline
def _end_held(c, event, channel, count, at):
    """Before a panic says that all notes end: the end of each, for a plugin that knows no other; gives the new count.
    [audio]"""
    for note in range(128):
        if c.held[channel, note] != 0 and count < MAX_MIDI:
            c.held[channel, note] = 0
            target = c.midi[count]
            copy_message(event, target, at)
            target.status, target.data1 = np.uint8(0x80 | channel), np.uint8(note)
            count += 1
    return count


@inline
def _hear(c, block, start, n):
    """Take the MIDI of this part that the chain listens to; a closed one only ends notes that it began. [audio]"""
    count = 0
    for k in range(block.n_midi):
        event = block.midi[k]
        if event.at < start:
            continue
        if event.at >= start + n:
            break
        channel, kind = np.int64(event.status & 15), event.status & 0xF0
        if event.port == EVERY_PORT:
            if kind == 0xB0 and event.data1 == _ALL_NOTES_OFF:
                count = _end_held(c, event, channel, count, event.at - start)
        elif (c.ports >> np.uint64(event.port)) & np.uint64(1) == 0 or c.channel not in (-1, channel):
            continue
        if kind == 0x90 and event.data2 > 0:
            if c.closed != 0:
                continue
            c.held[channel, event.data1] = 1
        elif kind in (0x80, 0x90):
            if c.closed != 0 and c.held[channel, event.data1] == 0:
                continue
            c.held[channel, event.data1] = 0
        if count == MAX_MIDI:
            break
        copy_message(event, c.midi[count], event.at - start)
        count += 1
    c.n_midi = count


@inline
def _give_midi(c, s):
    """The chain's MIDI into a plugin's call. [audio]"""
    call = s.call
    call.n_midi_out = call.n_midi = 0
    if s.midi_in != 0:
        for k in range(c.n_midi):
            copy_message(c.midi[k], call.midi[k], c.midi[k].at)
        call.n_midi = c.n_midi


@inline
def _take_midi(c, s):
    """What a plugin played goes to those behind it. [audio]"""
    if s.midi_out != 0:
        call = s.call
        for k in range(call.n_midi_out):
            copy_message(call.midi_out[k], c.midi[k], call.midi_out[k].at)
        c.n_midi = call.n_midi_out


@inline
def _connect(r_address, c_address, s, s_address, n):
    """Say where the plugin's inputs and outputs lie; two channels are averaged for a mono plugin. [audio]"""
    call = s.call
    silence = r_address + _SILENCE
    work = c_address + _WORK
    if s.n_in == 1:
        left, right = record_at(floats_at(work), n), record_at(floats_at(work + _CHANNEL), n)
        mono = s.mono
        for i in range(n):
            mono[i] = _HALF * (left[i] + right[i])
        call.inputs[0] = s_address + _MONO
    else:
        for c in range(s.n_in):
            call.inputs[c] = work + np.uint64(c) * _CHANNEL if c < 2 else silence
    for c in range(s.n_out):
        call.outputs[c] = s_address + _OUT + np.uint64(c) * _CHANNEL
    for c in range(2):
        call.side[c] = s_address + _SIDE + np.uint64(c) * _CHANNEL
    if s.n_side == 1:
        side = s.side
        for i in range(n):
            side[0, i] = _HALF * (side[0, i] + side[1, i])


@inline
def _clean(s, n):
    """Silence what is no sound, and count it: NaN, infinite, beyond any converter; and denormals. [audio]"""
    bad, tiny = 0, 0
    for c in range(min(s.n_out, 2)):
        bits = s.out[c].view(np.uint32)
        for i in range(n):
            size = bits[i] & np.uint32(0x7FFFFFFF)
            if size > LOUDEST_BITS:
                bad += 1
                bits[i] = np.uint32(0)
            elif size != 0 and size < _SMALLEST:
                tiny += 1
                bits[i] = np.uint32(0)
    s.bad_samples += bad
    s.denormals += tiny


@inline
def _count(s, ns):
    """Enter how long a plugin worked. [audio]"""
    s.min_ns = ns if s.calls == 0 else min(s.min_ns, ns)
    s.max_ns = max(s.max_ns, ns)
    s.sum_ns += ns
    s.bins[min(rec.N_LOAD_BINS - 1, ns // rec.LOAD_BIN_NS)] += 1
    s.calls += 1


@inline
def _play(r, r_address, c, c_address, step, block, start, n):
    """One plugin's turn: `work` through it, blended with what it was given. [audio]"""
    s_address = step.slot
    s = record_at(slot_at(s_address), 1)[0]
    if s.presence == np.float32(0) and s.presence_to == np.float32(0):
        s.delay.filled = 0
        return
    waits = s.delay.filled < s.delay.now  # what the plugin gives so early, with its latency, is only its silence
    work, side, fade = c.work, s.side, r.fade_step
    clear(side, n)
    for k in range(step.n_sides):
        feed(step.sides[k], side, n, fade)
    call = s.call
    call.n, call.sample_time, call.rate = n, block.sample_time + start, block.rate
    call.tempo_bpm, call.beats = block.tempo_bpm, block.beats
    _give_midi(c, s)
    _connect(r_address, c_address, s, s_address, n)
    block.slot = s.id
    began = monotonic_ns(r.scratch)
    call2(s.process, s.own, s_address + _CALL)
    _count(s, monotonic_ns(r.scratch) - began)
    block.slot = 0
    call.n_params = 0
    _take_midi(c, s)
    if s.n_out == 0:
        return
    _clean(s, n)
    out, dry = s.out, s.dry
    if s.n_out == 1:
        for i in range(n):
            out[1, i] = out[0, i]
    delayed(s.delay, work[0], work[1], dry, n, fade)
    s.wet = blend(dry, out, dry, n, s.wet, s.wet_to, fade)
    presence_to = np.float32(0) if waits else s.presence_to
    s.presence = blend(work, dry, work, n, s.presence, presence_to, fade)


@inline
def _finish(r, c, n):
    """The chain's dry and wet, gain, balance, and how loud it is. [audio]"""
    work, dry, out, fade = c.work, c.dry, c.out, r.fade_step
    c.mix = blend(dry, work, out, n, c.mix, c.mix_to, fade)
    gain, pan, peak = c.gain, c.pan, c.peak
    still = gain == c.gain_to and pan == c.pan_to
    one = np.float32(1)
    if not (still and gain == one and pan == np.float32(0)):
        for i in range(n):
            gain = toward(gain, c.gain_to, fade)
            pan = toward(pan, c.pan_to, fade)
            out[0, i] *= gain * min(one, one - pan)
            out[1, i] *= gain * min(one, one + pan)
        c.gain, c.pan = gain, pan
    for i in range(n):
        peak = max(peak * r.fall, abs(out[0, i]), abs(out[1, i]))
    c.peak = peak


@inline
def _send_midi(c, block, start):
    """What the chain's plugins played, to the engine's MIDI output, in its place among the rest. [audio]"""
    for k in range(c.n_midi):
        if block.n_midi_out == MAX_MIDI:
            return
        block.n_midi_out = insert_message(block.midi_out, block.n_midi_out, c.midi[k], c.midi[k].at + start)


@inline
def _chain(r, r_address, part, block, start, n):
    """One chain's turn. [audio]"""
    c = record_at(chain_at(part.chain), 1)[0]
    work = c.work
    clear(work, n)
    for k in range(part.n_feeds):
        feed(part.feeds[k], work, n, r.fade_step)
    delayed(c.delay, work[0], work[1], c.dry, n, r.fade_step)
    _hear(c, block, start, n)
    for k in range(part.n_steps):
        _play(r, r_address, c, part.chain, part.steps[k], block, start, n)
    _finish(r, c, n)
    if c.midi_out != 0:
        _send_midi(c, block, start)


@cfunc(types.void(BLOCK_POINTER, types.uintp), cache=True, error_model="numpy", fastmath=True)
def process(pointer, own):
    """Fill the block's outputs from its inputs and MIDI: what the engine's plugin slot calls. [audio]"""
    block = record_at(pointer, 1)[0]
    r = record_at(rack_at(own), 1)[0]
    if r.thread == 0:
        r.thread = audio_thread()
    r.cpu = audio_cpu()
    obey(r, own)
    for k in range(block.n_midi):
        if block.midi[k].port == EVERY_PORT:
            r.panics += 1
            break
    start, total, given = 0, r.total, r.input
    while start < block.n:
        n = min(block.n - start, rec.PART)
        for c in range(2):
            source = record_at(floats_at(block.inputs[c]), block.n)
            for i in range(n):
                given[c, i] = source[start + i]
        glide(r, block.sample_time + start, n)
        clear(total, n)
        if r.program != 0:
            program = record_at(program_at(r.program), 1)[0]
            for k in range(program.n_chains):
                _chain(r, own, program.chains[k], block, start, n)
            for k in range(program.n_feeds):
                feed(program.feeds[k], total, n, r.fade_step)
        for c in range(2):
            target = record_at(floats_at(block.outputs[c]), block.n)
            for i in range(n):
                target[start + i] = total[c, i]
        start += n
    r.samples += block.n
