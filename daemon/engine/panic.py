"""A panic, in the callback: within 10 ms there is silence, and every note ends. Machine code only.

It is one state machine on the stream's own samples, so that it ends at its sample whatever the block size: sound falls in
FADE_S along a raised curve without a corner (3p^2 - 2p^3, "smoothstep"), stays away for QUIET_S, and rises again as it
fell. Who asks only counts `panics` up; so a daemon that dies in the middle leaves nobody without sound.
"""

import numpy as np

from daemon.engine import state as st
from daemon.native import load_acquire
from dsp.block import EVERY_PORT, JACK_PORT, MAX_MIDI, insert_message
from dsp.kernel import inline, offset_of
from dsp.native import address_of

_WRITTEN = np.uint64(offset_of(st.MIDI_RING, "written"))
_PEDALS_UP, _SOUND_OFF, _NOTES_OFF = np.uint8(64), np.uint8(120), np.uint8(123)
_PER_CHANNEL = 128 + 3  # messages at most: each note's end, and the three controllers


@inline
def look(s):
    """Whether a panic begins with this block; what waits in the rings is then taken back. [audio]"""
    asked = s.panics[0] + s.panics[1]
    if asked == s.panics_seen:
        return False
    s.panics_seen = asked
    s.quiet_until = s.sample_time + s.fade_samples + s.quiet_samples
    s.ending = 16
    for ring in (s.played, s.generated, s.sent):
        ring.taken_back = load_acquire(address_of(ring) + _WRITTEN)
    return True


@inline
def _put(s, messages, count, at, port, status, data1):
    """Add a message whose third byte is 0; gives the new count. [audio]"""
    message = s.ender
    message.at, message.port, message.status = at, port, np.uint8(status)
    message.data1, message.data2 = np.uint8(data1), np.uint8(0)
    return insert_message(messages, count, message, at)


@inline
def _end_channel(s, messages, count, at, port, channel):
    """Pedals up, all sound off, all notes off: MIDI 1.0's controllers 64, 120 and 123. [audio]"""
    count = _put(s, messages, count, at, port, 0xB0 | channel, _PEDALS_UP)
    count = _put(s, messages, count, at, port, 0xB0 | channel, _SOUND_OFF)
    return _put(s, messages, count, at, port, 0xB0 | channel, _NOTES_OFF)


@inline
def end_instruments(s, count):
    """Tell every chain of the rack at the block's start, whatever it listens to; gives the new count of messages. [audio]"""
    for channel in range(16):
        count = _end_channel(s, s.block.midi, count, 0, EVERY_PORT, channel)
    return count


@inline
def end_notes(s, n):
    """Tell who hears the engine's own MIDI output, behind all else of the block; as many channels as it has room for.
    [audio]"""
    block, sounding, count = s.block, s.jack_midi.sounding, s.block.n_midi_out
    while s.ending > 0 and count + _PER_CHANNEL <= MAX_MIDI:
        channel = 16 - s.ending
        for note in range(128):
            if sounding[channel, note] != 0:
                count = _put(s, block.midi_out, count, n - 1, JACK_PORT, 0x80 | channel, note)
        count = _end_channel(s, block.midi_out, count, n - 1, JACK_PORT, channel)
        s.ending -= 1
    block.n_midi_out = count


@inline
def fade(s, n):
    """Bring the output nearer to silence, or back; sound that nothing is asked of stays as it is, to the bit. [audio]"""
    start, until, length, faded = s.sample_time, s.quiet_until, s.fade_samples, s.faded
    hushed = s.hush[0] != 0 or s.hush[1] != 0
    if faded == 0 and not hushed and start >= until:
        return
    out, one = s.output, np.float32(1)
    for i in range(n):
        quiet = hushed or start + i < until
        faded = min(length, faded + 1) if quiet else max(0, faded - 1)
        p = np.float32(faded) / np.float32(length)
        gain = one - p * p * (np.float32(3) - np.float32(2) * p)
        out[0, i] *= gain
        out[1, i] *= gain
    s.faded = faded
