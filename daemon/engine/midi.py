"""The MIDI of a block: what came at the driver's own input, what hands played elsewhere, what jamd generated; what leaves.

Every message has its sample. One that comes after its sample is played at once and counted, never lost: it may be a
note-off. Where a block holds no more, the rest stays in its ring for the next.
"""

import numpy as np

from daemon.engine import panic
from daemon.engine import state as st
from daemon.native import load_acquire, store_release
from dsp.block import MAX_MIDI, copy_message, insert_message
from dsp.kernel import inline, offset_of
from dsp.native import address_of

_WRITTEN, _READ = (np.uint64(offset_of(st.MIDI_RING, name)) for name in ("written", "read"))


@inline
def _take(ring, events, count, start, n):
    """Move what is due before `start + n` from a ring to a block's list; returns the new count and how many were late."""
    entries, late, base = ring.entries, 0, address_of(ring)
    read, written = ring.read, load_acquire(base + _WRITTEN)
    while read < written and count < MAX_MIDI:
        source = entries[read & (st.N_MIDI - 1)]
        if read < ring.taken_back and source.status < 0xF0:
            read += 1
            continue
        at = source.at - start
        if at >= n:
            break
        late += at < 0
        count = insert_message(events, count, source, max(0, at))
        read += 1
    store_release(base + _READ, read)
    return count, late


@inline
def gather(s, n):
    """Make `block.midi` of the driver's MIDI and of what is due in the rings, or of a panic. [audio]"""
    block, start = s.block, s.sample_time
    block.n = n
    block.sample_time = start
    block.n_midi_out = 0
    events, direct, heard = block.midi, s.direct, s.heard
    entries, written = heard.entries, heard.written
    count = panic.end_instruments(s, 0) if panic.look(s) else 0
    for k in range(s.n_direct):
        copy_message(direct[k], entries[written & (st.N_MIDI - 1)], start + direct[k].at)
        written += 1
        if direct[k].status >= 0xF0:  # a clock is for nobody's instrument
            continue
        if count == MAX_MIDI:  # a panic's messages are before them
            s.lost_midi += 1
        else:
            count = insert_message(events, count, direct[k], direct[k].at)
    store_release(address_of(heard) + _WRITTEN, written)
    s.n_direct = 0
    count, late = _take(s.played, events, count, start, n)
    s.late_midi += late
    count, late = _take(s.generated, events, count, start, n)
    s.late_midi += late
    block.n_midi = count


@inline
def send(s, n):
    """Add what is due in `sent` to what the plugins gave for the driver's MIDI output. [audio]"""
    block = s.block
    count, late = _take(s.sent, block.midi_out, block.n_midi_out, s.sample_time, n)
    block.n_midi_out = count
    s.late_midi += late
    if s.ending > 0:
        panic.end_notes(s, n)
