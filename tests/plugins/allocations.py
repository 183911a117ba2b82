"""`python -m tests.plugins.allocations LIBRARY NAME PATH...`: allocations in blocks of each plugin, a line each.

Runs with allocations.c, built as LIBRARY, in LD_PRELOAD.
"""

import ctypes
import os
import sys

import numpy as np

from daemon.plugins.catalogue import open_named
from tests.plugins.stage import Stage

TIMES = 100


def count(library: ctypes.CDLL, name: str, path: str) -> int:
    """What a plugin's process allocates and frees after its first block, with parameters, a transport and much MIDI."""
    plugin = open_named(name, path, 48000.0, 64)
    stage = Stage(plugin)
    stage.inputs[:] = np.random.default_rng(0).normal(0.0, 0.1, stage.inputs.shape)
    stage.run(64)
    call = stage.call
    free = [param.index for param in plugin.info.params if param.automatable and not param.steps][:3]
    call["n_params"] = len(free)
    for k, index in enumerate(free):
        call["params"][k] = (10 * k, index, 0.5, 0)
    call["n_midi"] = 512 if plugin.info.midi_in else 0
    for k in range(512):
        call["midi"][k] = (k // 8, 0, 0xB0, 20, k % 128, 0)
    call["tempo_bpm"], call["n"] = 120.0, 64
    return library.count_in(plugin.process, plugin.own, stage.record.ctypes.data, TIMES)


def main() -> None:
    library = ctypes.CDLL(sys.argv[1])
    library.count_in.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    library.count_in.restype = ctypes.c_long
    for name, path in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        print(f"@ {name} {count(library, name, path)}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
