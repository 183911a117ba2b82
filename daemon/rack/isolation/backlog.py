"""MIDI that waits for a process that is late: kept in its order, handed over with the next block that is taken.

A note-off is never lost. Where more waits than there is room for, note-ons go first; and a note that should have begun long
ago does not begin at all.
"""

import numpy as np

from dsp.block import MAX_MIDI, MIDI, copy_message
from dsp.kernel import inline

ROOM = 4096
"""More than twice the keys of all channels: their note-offs always fit."""

TOO_LATE_S = 0.05  # for a note to begin

BACKLOG = np.dtype(
    [
        ("n", np.int64),
        ("dropped", np.int64),  # events, ever
        ("ended", np.uint8, (16, 128)),
        ("events", MIDI, (ROOM,)),  # `at`: sample of the stream
    ],
    align=True,
)


@inline
def is_begin(event):
    """Whether it begins a note. [audio]"""
    return (event.status & 0xF0) == 0x90 and event.data2 > 0


@inline
def is_end(event):
    """Whether it ends one. [audio]"""
    kind = event.status & 0xF0
    return kind == 0x80 or (kind == 0x90 and event.data2 == 0)


@inline
def keep(log, call):
    """Add the MIDI of a call. [audio]"""
    for k in range(call.n_midi):
        if log.n == ROOM:
            _thin(log, False)
            if log.n > ROOM // 2:
                _thin(log, True)
        event = call.midi[k]
        copy_message(event, log.events[log.n], call.sample_time + event.at)
        log.n += 1


@inline
def hand_over(log, block, sample_time, rate):
    """Move as much as fits into a BLOCK of `block.n` samples that begins at `sample_time`. [audio]"""
    oldest = sample_time - np.int64(TOO_LATE_S * rate)
    read = count = 0
    while read < log.n and count < MAX_MIDI:
        event = log.events[read]
        if is_begin(event) and event.at < oldest:
            log.dropped += 1
        else:
            copy_message(event, block.midi[count], min(max(event.at - sample_time, 0), block.n - 1))
            count += 1
        read += 1
    block.n_midi = count
    for k in range(read, log.n):
        copy_message(log.events[k], log.events[k - read], log.events[k].at)
    log.n -= read


@inline
def forget_notes(log):
    """There is no one any more whose notes could hang: only what sets controllers stays, the newest. [audio]"""
    kept = 0
    for k in range(log.n):
        event = log.events[k]
        if not is_begin(event) and not is_end(event):
            copy_message(event, log.events[kept], event.at)
            kept += 1
    surplus = max(0, kept - ROOM // 2)
    for k in range(surplus, kept):
        copy_message(log.events[k], log.events[k - surplus], log.events[k].at)
    log.n = kept - surplus


@inline
def _thin(log, only_ends):
    """Make room: leave out note-ons, or with `only_ends` all but note-offs; one note-off for a key is enough. [audio]"""
    ended = log.ended
    for c in range(16):
        for k in range(128):
            ended[c, k] = 0
    kept = 0
    for k in range(log.n):
        event = log.events[k]
        stays = not is_begin(event) and not only_ends
        if is_end(event):
            channel, key = event.status & 15, event.data1 & 127
            stays = ended[channel, key] == 0
            ended[channel, key] = 1
        if stays:
            copy_message(event, log.events[kept], event.at)
            kept += 1
    log.dropped += log.n - kept
    log.n = kept
