"""The rack's records: what the audio thread knows of chains, plugins and what feeds what. Preallocated; no pointer owns.

`RACK` is the one record the kernel is handed. It points to a `PROGRAM`, the order in which everything runs, which is
replaced whole; the records a program points to outlive it. Each field's writer: (c) the kernel, (r) `rack.Rack`, through
the command ring once the rack sounds. `..._to` is where a value is going; the kernel moves the value there in FADE_S.
"""

import numpy as np

from daemon.plugins.call import CALL, MAX_PORTS
from daemon.rack.model import MAX_CHAINS, MAX_FEEDS, MAX_PLUGINS
from dsp.block import MAX_MIDI, MIDI

PART = 1024  # samples handled at once: what plugins are opened for; a longer block is done in parts
MAX_DELAY = 1 << 15  # samples that a delay holds
LONGEST = MAX_DELAY - PART  # samples of latency that can be made up for
N_COMMANDS = 8192
N_RAMPS = 1024
RAMP_STEP = 64  # samples between the values of a parameter that glides, on the stream's own grid
FADE_S = 0.01  # from nothing to all

LOAD_BIN_NS = 4_000  # histogram of a plugin's work: 512 bins of 4 us, the last one open
N_LOAD_BINS = 512

STEREO = (np.float32, (2, PART))

DELAY = np.dtype(
    [
        ("wanted", np.int64),  # (r) samples
        ("now", np.int64),
        ("next", np.int64),  # what `now` crossfades to
        ("fading", np.int64),
        ("fade", np.float32),
        ("head", np.int64),
        ("filled", np.int64),  # samples in it: what is later than that would begin with a step
        ("line", np.float32, (2, MAX_DELAY)),
    ],
    align=True,
)
"""A delay whose length may change while it sounds: it crossfades from one length to the other."""

FEED = np.dtype(
    [
        ("left", np.uint64),  # addresses of float32[PART]
        ("right", np.uint64),
        ("gain", np.float32),
        ("gain_to", np.float32),
        ("delay", DELAY),  # so that all that meets is equally late
        ("late", *STEREO),
    ],
    align=True,
)
"""One source going into one sum."""

SLOT = np.dtype(
    [
        ("id", np.int64),  # its uid
        ("process", np.uint64),  # of the plugin: void f(own, CALL*)
        ("own", np.uint64),
        ("n_in", np.int64),
        ("n_out", np.int64),
        ("n_side", np.int64),
        ("midi_in", np.int64),
        ("midi_out", np.int64),
        ("presence", np.float32),  # 0: as if it were not there, not even its latency; 1: there
        ("presence_to", np.float32),
        ("wet", np.float32),  # against the dry sound, which is as late; 0 also when bypassed
        ("wet_to", np.float32),
        ("calls", np.int64),
        ("sum_ns", np.int64),
        ("min_ns", np.int64),
        ("max_ns", np.int64),
        ("bins", np.int64, (N_LOAD_BINS,)),
        ("bad_samples", np.int64),
        ("denormals", np.int64),
        ("misses", np.int64),  # counted by who plays it in another process
        ("mono", np.float32, (PART,)),
        ("side", *STEREO),
        ("out", np.float32, (MAX_PORTS, PART)),
        ("dry", *STEREO),
        ("delay", DELAY),
        ("call", CALL),
    ],
    align=True,
)
"""A plugin in its place."""

CHAIN = np.dtype(
    [
        ("gain", np.float32),
        ("gain_to", np.float32),
        ("pan", np.float32),
        ("pan_to", np.float32),
        ("mix", np.float32),
        ("mix_to", np.float32),
        ("peak", np.float32),  # of what leaves, falling by half each tenth of a second
        ("ports", np.uint64),  # (r) MIDI inputs it hears: bit k = port k
        ("channel", np.int64),  # (r) 0-15, -1 = all
        ("closed", np.int64),  # (r) no note begins any more
        ("midi_out", np.int64),  # (r) its MIDI leaves by the engine's own output
        ("held", np.uint8, (16, 128)),
        ("n_midi", np.int64),
        ("midi", MIDI, (MAX_MIDI,)),
        ("work", *STEREO),
        ("dry", *STEREO),
        ("out", *STEREO),
        ("delay", DELAY),
    ],
    align=True,
)
"""A chain: `work` goes through its plugins, `out` is what others hear of it."""

STEP = np.dtype([("slot", np.uint64), ("n_sides", np.int64), ("sides", np.uint64, (2,))], align=True)
"""One plugin's turn, and the addresses of the feeds of its side-chain."""

PART_OF_PROGRAM = np.dtype(
    [
        ("chain", np.uint64),
        ("n_feeds", np.int64),
        ("feeds", np.uint64, (MAX_FEEDS + 1,)),
        ("n_steps", np.int64),
        ("steps", STEP, (2 * MAX_PLUGINS,)),
    ],
    align=True,
)
"""One chain's turn: addresses of its record and of the feeds that make its input."""

PROGRAM = np.dtype(
    [
        ("n_chains", np.int64),
        ("chains", PART_OF_PROGRAM, (MAX_CHAINS,)),
        ("n_feeds", np.int64),  # of the output
        ("feeds", np.uint64, (2 * MAX_CHAINS,)),
    ],
    align=True,
)

FLOAT, WORD, PARAM_SET, PARAM_GLIDE, FLOAT_GLIDE, SWAP, FORGET = range(1, 8)
COMMAND = np.dtype(
    [
        ("kind", np.int32),
        ("index", np.int32),  # of a parameter
        ("target", np.uint64),  # address of a float32, of an int64, of a SLOT, or of what is to be forgotten
        ("word", np.int64),  # or, to SWAP, the address of a PROGRAM; to FORGET, a size in bytes
        ("value", np.float32),
        ("start", np.float32),  # where a glide begins
        ("samples", np.int64),  # that a glide lasts
    ],
    align=True,
)

RAMP = np.dtype(
    [
        ("target", np.uint64),  # 0: free
        ("index", np.int64),  # -1: a float32, else a SLOT's parameter
        ("start", np.float32),
        ("stop", np.float32),
        ("done", np.int64),
        ("samples", np.int64),
    ],
    align=True,
)
"""A value that glides."""

RACK = np.dtype(
    [
        ("program", np.uint64),  # (c) by SWAP
        ("fade_step", np.float32),  # (r) per sample
        ("fall", np.float32),  # (r) of a chain's peak, per sample
        ("committed", np.int64),  # (r) commands ever written, stored last, once for all that is to happen at once
        ("read", np.int64),  # (c) what an earlier command took out of use is no longer in use
        ("commands", COMMAND, (N_COMMANDS,)),
        ("n_ramps", np.int64),  # (c) the ramps from here on are free
        ("ramps", RAMP, (N_RAMPS,)),
        ("input", *STEREO),
        ("side", *STEREO),  # a second input, for who plays a chain alone
        ("silence", np.float32, (PART,)),
        ("total", *STEREO),
        ("samples", np.int64),  # (c) ever played
        ("panics", np.int64),  # (c) heard: what sounds in the plugins is to end
        ("cpu", np.int64),  # (c) the processor the audio thread was last on
        ("thread", np.int64),  # (c) its id
        ("scratch", np.int64, (2,)),
    ],
    align=True,
)
