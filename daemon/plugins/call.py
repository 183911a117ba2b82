"""The call: what one plugin is handed for one block, whatever its format. Preallocated, for the audio thread."""

import numpy as np

from dsp.block import MAX_MIDI, MIDI

MAX_PORTS = 16  # audio channels each way; a plugin with more is refused
MAX_PARAMS = 512  # parameter changes in one block; more wait for the next

PARAM = np.dtype([("at", np.int32), ("index", np.int32), ("value", np.float32), ("_", np.int32)])
"""A parameter change: sample in the block, the parameter's index, its normalised value 0..1."""

CALL = np.dtype(
    [
        ("n", np.int64),  # samples, 1 to the max_block the plugin was opened for
        ("sample_time", np.int64),  # of the first, on the engine's stream
        ("rate", np.float64),
        ("inputs", np.uint64, (MAX_PORTS,)),  # addresses of float32[n], the main input's channels; never written
        ("side", np.uint64, (2,)),  # the side-chain's; the first alone where the plugin has a mono one
        ("outputs", np.uint64, (MAX_PORTS,)),  # addresses of float32[n]; never the same memory as an input
        ("n_params", np.int64),
        ("params", PARAM, (MAX_PARAMS,)),  # sorted by `at`
        ("n_midi", np.int64),
        ("midi", MIDI, (MAX_MIDI,)),  # sorted by `at`
        ("n_midi_out", np.int64),  # set by the plugin's process; 0 where it makes none
        ("midi_out", MIDI, (MAX_MIDI,)),
        ("tempo_bpm", np.float64),  # 0 = not known
        ("beats", np.float64),
    ],
    align=True,
)
"""`process(own, &call)` takes the parameters and MIDI at their samples, reads `inputs` and `side`, fills `outputs`."""

CHANGES = np.dtype([("written", np.int64), ("entries", PARAM, (256,))], align=True)
"""A ring of parameter changes that a plugin made itself; written on whatever thread it calls from."""
