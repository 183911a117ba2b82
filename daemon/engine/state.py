"""Everything the callback touches: one record, preallocated, in memory the daemon can see.

`STATE` is the single structure shared by the audio thread, the engine's main thread and the daemon. Each field's
writer stands in its comment: (c) the callback, (e) the engine's main thread before the stream starts, (d) the daemon.
Rings have one writer; their count is stored last, with release order.
"""

import numpy as np

from daemon.engine.host_time import HOST_TIME
from daemon.engine.jack_midi import JACK_MIDI
from dsp import decimate, limiter
from dsp.block import BLOCK, MAX_MIDI, MIDI
from dsp.dll import DLL
from dsp.hop import EVENT, FEATURES, HOP, HOP_STATE

MAX_BLOCK = 8192  # samples of a driver's block; a larger one is handled in parts
N_EVENTS = 4096  # event ring
N_HOPS = 1024  # feature ring: over 5 s
N_CAPTURE = 1 << 17  # captured samples kept per channel: 2.7 s at 48 kHz
N_SOURCE = 1 << 18  # samples a file or performance may be ahead
MAX_PROGRAM = 32  # kernels run per hop

WORK_BIN_NS = 2_000  # work-time histogram: 512 bins of 2 us, the last one open
GAP_BIN_NS = 50_000  # gap histogram: 512 bins of 50 us
N_BINS = 512

N_MIDI = 4096  # messages in a MIDI ring

FADE_S = 0.01  # from sound to silence in a panic, and back
QUIET_S = 0.25  # for which a panic is silent: plugins and instruments end meanwhile

MIDI_RING = np.dtype(
    [("written", np.int64), ("read", np.int64), ("taken_back", np.int64), ("entries", MIDI, (N_MIDI,))], align=True
)
"""One writer, one reader; `at` is in samples of the stream and never falls, and `written` is stored last.

Of what was written before `taken_back` (the reader's) nothing sounds any more.
"""

STATE = np.dtype(
    [
        # set-up (e)
        ("epoch", np.int64),  # counts engine starts; sample_time and the rings begin anew with each
        ("rate", np.float64),  # Hz
        ("pulse", np.int64),  # the engine's main thread is alive while this counts
        ("block_size", np.int64),  # what the driver says it will hand over; 0 = varies
        ("channels", np.int64),  # of the input: 1 or 2
        ("decimation", np.int64),  # engine samples per analysis sample
        ("process_block", np.uint64),  # address of callback.process_block
        ("program", np.uint64, (MAX_PROGRAM, 2)),  # per hop: kernel address, its state's address; 0 ends it
        ("rack", np.uint64, (2,)),  # the plugin slot: void f(BLOCK*, uintptr_t own); 0 = empty
        ("eventfd", np.int64),  # -1 = nobody to wake
        ("source_on", np.int64),  # input comes from `source`, not from the device
        ("fade_samples", np.int64),  # FADE_S and QUIET_S
        ("quiet_samples", np.int64),
        # control (d)
        ("daemon_pulse", np.int64),  # the daemon's main loop is alive while this counts
        ("panics", np.int64, (2,)),  # asked for so far: by the daemon; (e) by the engine's main thread
        ("hush", np.int64, (2,)),  # not 0: be silent from now on; the daemon ends; (e) it has gone
        ("dry", np.float32),
        ("wet", np.float32),
        ("ceiling", np.float32),  # the limiter's, linear
        # what happened (c)
        ("sample_time", np.int64),  # samples handled since the stream opened
        ("blocks", np.int64),
        ("xruns", np.int64),  # the driver's own count of under- and overflows
        ("late_blocks", np.int64),  # blocks whose work took longer than the block lasts
        ("starved_samples", np.int64),  # silence played because `source` was empty
        ("lost_events", np.int64),  # more events in a hop than it can hold
        ("block_start_ns", np.int64),  # CLOCK_MONOTONIC at the newest block
        ("work_max_ns", np.int64),
        ("gap_max_ns", np.int64),
        ("panics_seen", np.int64),
        ("quiet_until", np.int64),  # sample of the stream, to which the last panic is silent
        ("faded", np.int64),  # samples of the fade that are behind: 0 all sounds, `fade_samples` nothing does
        ("ending", np.int64),  # channels of the engine's own MIDI output that are still to be told that all ends
        ("ender", MIDI),  # the message in hand that says so
        ("work_bins", np.int64, (N_BINS,)),
        ("gap_bins", np.int64, (N_BINS,)),
        ("dll", DLL),
        # rings (c)
        ("n_events", np.int64),  # ever written
        ("events", EVENT, (N_EVENTS,)),  # times in engine samples
        ("n_hops", np.int64),
        ("hops", FEATURES, (N_HOPS,)),
        ("capture", np.float32, (2, N_CAPTURE)),  # newest input; `sample_time` is its count
        ("played_back", np.float32, (2, N_CAPTURE)),  # newest output, as it is heard; the same count
        ("source_read", np.int64),
        ("heard", MIDI_RING),  # what came in at the engine's own MIDI input; read (d)
        # rings (d): MIDI with the sample it is to sound at; read (c)
        ("played", MIDI_RING),  # by hands, at the daemon's MIDI inputs
        ("generated", MIDI_RING),  # by jamd
        ("sent", MIDI_RING),  # to leave by the engine's own MIDI output
        ("late_midi", np.int64),  # (c) came after their sample, and were played at once
        ("lost_midi", np.int64),  # (c) more in a block than it can hold
        ("host_time", HOST_TIME),  # where the leading transport is
        ("is_led", np.int64),  # (c) and whether one leads
        # what the engine's main thread saw (e)
        ("daemon_hangs", np.int64),  # times that `daemon_pulse` stood still for too long
        # rings (e)
        ("source_written", np.int64),
        ("source_ended", np.int64),
        ("source", np.float32, (2, N_SOURCE)),
        # the block in hand (c)
        ("input", np.float32, (2, MAX_BLOCK)),
        ("plugged", np.float32, (2, MAX_BLOCK)),  # the plugin slot's output
        ("output", np.float32, (2, MAX_BLOCK)),
        ("n_direct", np.int64),  # of the driver's own MIDI input, put there before `process_block`
        ("direct", MIDI, (MAX_MIDI,)),
        ("block", BLOCK),  # what the plugin slot sees; its `midi_out` is for the driver's own MIDI output
        ("limiter_gain", np.float32),
        ("limiter_release", np.float32),
        ("hop_fill", np.int64),
        ("decimator", decimate.DECIMATOR),
        ("hop", HOP_STATE),
        ("scratch", np.int64, (2,)),
        ("timer_scratch", np.int64, (2,)),
        # the driver's (e)
        ("device_inputs", np.int64),  # channels the device hands over and takes: 0, 1 or 2
        ("device_outputs", np.int64),
        ("stop", np.int64),  # asks the timer to end
        ("jack_get_buffer", np.uint64),
        ("jack_ports", np.uint64, (4,)),  # input left, right, output left, right; 0 = none
        ("jack_midi", JACK_MIDI),
    ],
    align=True,
)


def prepare(state, rate: float, channels: int, block_size: int) -> None:
    """Set a zeroed record (shape (1,)) up for a stream; the program is filled by the caller. [main]"""
    state["rate"] = rate
    state["channels"] = channels
    state["block_size"] = block_size
    state["decimation"] = decimate.factor(rate)
    state["eventfd"] = -1
    state["ceiling"] = 0.9
    state["limiter_release"] = limiter.release(rate)
    state["limiter_gain"] = 1.0
    state["fade_samples"], state["quiet_samples"] = round(FADE_S * rate), round(QUIET_S * rate)
    hop = state["hop"][0]
    hop["rate"] = rate / state["decimation"][0]
    hop["channels"] = channels
    hop["head"] = HOP_STATE["samples"].shape[0] // 2
    decimate.prepare(state["decimator"][0])
    block = state["block"][0]
    block["rate"] = rate
    block["inputs"] = [row.ctypes.data for row in state["input"][0]]
    block["outputs"] = [row.ctypes.data for row in state["plugged"][0]]


assert HOP <= MAX_BLOCK
