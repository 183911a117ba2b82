"""The native callback: what happens to a block of sound. Machine code only: no allocation, no lock, no Python.

A block's way: input -> capture ring -> plugin slot, with the block's MIDI -> dry/wet -> limiter -> output; and where a hop
completes, the analysis program runs and its events and features go into their rings. Drivers reach `process_block` through
its address, so the card, JACK, the timer and a file all run the very same machine code and give the same events to the bit.
"""

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.engine import host_time, panic
from daemon.engine import state as st
from daemon.engine.midi import gather, send
from daemon.engine.state import STATE
from daemon.native import monotonic_ns, restore_denormals, signal, store_release, zero_denormals
from dsp import decimate, dll
from dsp.block import LOUDEST_BITS
from dsp.hop import HOP, push
from dsp.kernel import inline, offset_of, record_at
from dsp.limiter import limit
from dsp.native import address_of, call2

STATE_POINTER = types.CPointer(from_dtype(STATE))


_HOP, _BLOCK, _N_EVENTS, _N_HOPS, _SAMPLE_TIME = (
    np.uint64(offset_of(STATE, name)) for name in ("hop", "block", "n_events", "n_hops", "sample_time")
)


@inline
def _from_source(s, n):
    """Take the block's input from the source ring; silence where it is empty. [audio]"""
    ready = min(n, s.source_written - s.source_read)
    mask = st.N_SOURCE - 1
    source, target, start = s.source, s.input, s.source_read
    for c in range(2):
        for i in range(ready):
            target[c, i] = source[c, (start + i) & mask]
        for i in range(ready, n):
            target[c, i] = np.float32(0)
    if s.source_ended == 0:
        s.starved_samples += n - ready
    s.source_read = start + ready


@inline
def _finish_hop(s, base):
    """Run the analysis program on the completed hop and put what it found into the rings. [audio]"""
    hop = s.hop
    push(hop)
    program = s.program
    for k in range(st.MAX_PROGRAM):
        if program[k, 0] == 0:
            break
        call2(program[k, 0], base + _HOP, program[k, 1])
    scale = s.decimation
    delay = decimate.DELAY if scale == 2 else 0
    written = s.n_events
    for k in range(hop.n_events):
        event = hop.events[k]
        target = s.events[(written + k) & (st.N_EVENTS - 1)]
        target.sample_time = event.sample_time * scale - delay
        target.known_at = event.known_at * scale
        target.kind = event.kind
        source_value, target_value = event.value, target.value
        for j in range(source_value.size):
            target_value[j] = source_value[j]
    s.lost_events = hop.lost_events
    features = s.hops[s.n_hops & (st.N_HOPS - 1)]
    found = hop.features
    found.sample_time = hop.end
    _copy_features(found, features)
    features.sample_time = hop.end * scale
    features.spectrum_time = found.spectrum_time * scale - delay
    features.f0_time = found.f0_time * scale - delay
    features.chroma_time = found.chroma_time * scale - delay
    if s.is_led == 0:
        _keep_time(s.block, found.tempo_bpm, found.beat_phase)
    store_release(base + _N_EVENTS, written + hop.n_events)
    store_release(base + _N_HOPS, s.n_hops + 1)


@inline
def _copy_features(source, target):
    """Copy the float fields, which lie between `peak` and the end of the chroma. [audio]"""
    target.peak = source.peak
    target.rms = source.rms
    target.momentary_lufs = source.momentary_lufs
    target.short_term_lufs = source.short_term_lufs
    target.low = source.low
    target.mid = source.mid
    target.high = source.high
    target.centroid_hz = source.centroid_hz
    target.flatness = source.flatness
    target.onset_strength = source.onset_strength
    target.f0_hz = source.f0_hz
    target.f0_confidence = source.f0_confidence
    target.voiced = source.voiced
    target.tuning_cents = source.tuning_cents
    target.tempo_bpm = source.tempo_bpm
    target.beat_phase = source.beat_phase
    target.beat_confidence = source.beat_confidence
    a, b = source.chroma, target.chroma
    for i in range(12):
        b[i] = a[i]


@inline
def _keep_time(block, tempo_bpm, phase):
    """Tell the plugins tempo and beat; a phase that falls back is a new beat. [audio]"""
    block.tempo_bpm = tempo_bpm
    if tempo_bpm > 0:
        whole = np.floor(block.beats)
        block.beats = whole + phase + (1.0 if phase < block.beats - whole - 0.5 else 0.0)


@inline
def _analyse(s, n, base):
    """Hand the block's input to the analysers, hop by hop. True where a hop completed. [audio]"""
    left, right = s.input[0], s.input[1]
    hop = s.hop
    hop_left, hop_right = hop.left, hop.right
    fill, completed = s.hop_fill, False
    halving = s.decimation == 2
    d = s.decimator
    for i in range(n):
        if halving:
            if not decimate.halve(d, left[i], right[i]):
                continue
            hop_left[fill], hop_right[fill] = decimate.filtered(d, 0), decimate.filtered(d, 1)
        else:
            hop_left[fill], hop_right[fill] = left[i], right[i]
        fill += 1
        if fill == HOP:
            _finish_hop(s, base)
            fill, completed = 0, True
    s.hop_fill = fill
    return completed


@inline
def _clean(s, n):
    """Silence what is no sound: NaN, infinities and values beyond any converter. [audio]

    It looks at the bits, because fast arithmetic takes it that no NaN exists.
    """
    for c in range(2):
        bits = s.input[c].view(np.uint32)
        for i in range(n):
            if bits[i] & 0x7FFFFFFF > LOUDEST_BITS:
                bits[i] = np.uint32(0)


@inline
def _keep(ring, source, start, n):
    """Keep a block's sound for who records or looks back. [audio]"""
    mask = st.N_CAPTURE - 1
    for c in range(2):
        for i in range(n):
            ring[c, (start + i) & mask] = source[c, i]


@inline
def _render(s, n, base):
    """Plugin slot, dry/wet, limiter, and a panic's silence: `input` to `output`. [audio]"""
    rack = s.rack
    plugged, dry_in, out = s.plugged, s.input, s.output
    wet = s.wet if rack[0] != 0 else np.float32(0)
    gather(s, n)
    if rack[0] != 0:
        call2(rack[0], base + _BLOCK, rack[1])
    send(s, n)
    dry = s.dry
    for c in range(2):
        for i in range(n):
            out[c, i] = dry * dry_in[c, i] + wet * plugged[c, i]
    s.limiter_gain = limit(out[0], out[1], n, s.limiter_gain, s.ceiling, s.limiter_release)
    panic.fade(s, n)
    _keep(s.played_back, out, s.sample_time, n)


@inline
def _start_clock(s, n):
    """Note when the block came and how long after the one before it. [audio]"""
    now = monotonic_ns(s.scratch)
    if s.blocks > 0:
        gap = now - s.block_start_ns
        s.gap_bins[min(st.N_BINS - 1, gap // st.GAP_BIN_NS)] += 1
        s.gap_max_ns = max(s.gap_max_ns, gap)
    s.block_start_ns = now
    dll.update(s.dll, s.sample_time, n, now * 1e-9, s.rate)
    return now


@inline
def _stop_clock(s, n, started):
    """Count the block and its own work time. [audio]"""
    work = monotonic_ns(s.scratch) - started
    s.work_bins[min(st.N_BINS - 1, work // st.WORK_BIN_NS)] += 1
    s.work_max_ns = max(s.work_max_ns, work)
    if work * s.rate > n * 1e9:
        s.late_blocks += 1
    s.blocks += 1


@cfunc(types.void(STATE_POINTER, types.uintp), cache=True, error_model="numpy", fastmath=True)
def process_block(pointer, count):
    """Handle the `count` (at most MAX_BLOCK) samples in `input`; leaves as many in `output`. [audio]"""
    s = record_at(pointer, 1)[0]
    n = np.int64(count)
    base = address_of(pointer)
    float_mode = zero_denormals()
    started = _start_clock(s, n)
    if s.source_on != 0:
        _from_source(s, n)
    _clean(s, n)
    _keep(s.capture, s.input, s.sample_time, n)
    host_time.tell(s)
    _render(s, n, base)
    completed = _analyse(s, n, base)
    store_release(base + _SAMPLE_TIME, s.sample_time + n)
    if completed and s.eventfd >= 0:
        signal(s.eventfd, s.scratch)
    _stop_clock(s, n, started)
    restore_denormals(float_mode)
