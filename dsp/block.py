"""A block as the plugin rack sees it: how many samples, where they lie, and the MIDI that falls in it.

The engine fills one of these per block and hands its address to whatever fills the plugin slot.
"""

import numpy as np

from dsp.kernel import inline

MAX_MIDI = 512  # events in one block; more wait for the next

LOUDEST_BITS = np.uint32(np.float32(1e6).view(np.uint32))
"""A float32 whose bits, less its sign, are more than this is no sound: NaN, infinite, or beyond any converter."""

MIDI = np.dtype(
    [
        ("at", np.int64),  # sample: of the block in a block's list, of the stream in a ring
        ("port", np.int16),  # where it came from: below
        ("status", np.uint8),  # 0x80..0xEF, with its channel; or MIDI clock and song position, which no plugin gets
        ("data1", np.uint8),
        ("data2", np.uint8),
        ("_", np.uint8, (3,)),
    ]
)
"""One MIDI message of at most three bytes."""
assert MIDI.itemsize == 16

JACK_PORT, GENERATOR_PORT, FIRST_NAMED_PORT = 0, 1, 2
"""`port`: the engine's own JACK MIDI input, jamd's generator, then the daemon's MIDI inputs in the order it names them."""

EVERY_PORT = 63
"""`port` of what is for all who listen to any: a panic's."""

BLOCK = np.dtype(
    [
        ("n", np.int64),  # samples
        ("sample_time", np.int64),  # of the first
        ("rate", np.float64),  # Hz
        ("inputs", np.uint64, (2,)),  # addresses of float32[n]; not to be written
        ("outputs", np.uint64, (2,)),  # to be filled
        ("n_midi", np.int64),
        ("midi", MIDI, (MAX_MIDI,)),  # sorted by `at`
        ("n_midi_out", np.int64),
        ("midi_out", MIDI, (MAX_MIDI,)),  # what leaves by the engine's own MIDI output; sorted by `at`
        ("tempo_bpm", np.float64),  # 0 = not known
        ("beats", np.float64),  # since the first beat heard, or of the song where a transport leads
        ("slot", np.int64),  # uid of the plugin that runs now, 0 = none: who crashed, should one crash
        ("opening", np.int64),  # and of the one that the engine's main thread is opening
    ],
    align=True,
)


@inline
def copy_message(source, target, at):
    """A MIDI record into another place, at another sample. [any]"""
    target.at, target.port, target.status = at, source.port, source.status
    target.data1, target.data2 = source.data1, source.data2


@inline
def insert_message(messages, count, source, at):
    """Put a MIDI record in its place of a list sorted by `at`, behind its equals; gives the new count. [any]"""
    k = count
    while k > 0 and messages[k - 1].at > at:
        copy_message(messages[k - 1], messages[k], messages[k - 1].at)
        k -= 1
    copy_message(source, messages[k], at)
    return count + 1
