"""The loop that times what is machine code: block after block as fast as it goes, each under the same clock."""

import ctypes
from typing import Any

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.bench.server import BLOCK as N
from daemon.bench.server import RATE
from daemon.native import monotonic_ns, restore_denormals, zero_denormals
from dsp.block import BLOCK
from dsp.kernel import offset_of, record_at, zeros
from dsp.native import call2, floats_at, store_word

LOOP = np.dtype(
    [
        ("function", np.uint64),  # void f(first, second)
        ("first", np.uint64),
        ("second", np.uint64),
        ("sample_time", np.uint64),  # address of what counts the samples
        ("samples", np.int64),  # played before
        ("blocks", np.int64),
        ("sound", np.uint64),  # addresses of float32[2 * blocks * N],
        ("heard", np.uint64),
        ("input", np.uint64),  # of float32[2 * N],
        ("output", np.uint64),
        ("spent_ns", np.uint64),  # and of float32[blocks]
        ("scratch", np.int64, (2,)),
    ],
    align=True,
)


@cfunc(types.void(types.CPointer(from_dtype(LOOP))), cache=True, error_model="numpy")
def _play(pointer):
    loop = record_at(pointer, 1)[0]
    float_mode = zero_denormals()
    length = loop.blocks * N
    sound, heard = record_at(floats_at(loop.sound), 2 * length), record_at(floats_at(loop.heard), 2 * length)
    given, got = record_at(floats_at(loop.input), 2 * N), record_at(floats_at(loop.output), 2 * N)
    spent = record_at(floats_at(loop.spent_ns), loop.blocks)
    for k in range(loop.blocks):
        store_word(loop.sample_time, loop.samples)
        for c in range(2):
            for i in range(N):
                given[c * N + i] = sound[c * length + k * N + i]
        began = monotonic_ns(loop.scratch)
        call2(loop.function, loop.first, loop.second)
        spent[k] = monotonic_ns(loop.scratch) - began
        for c in range(2):
            for i in range(N):
                heard[c * length + k * N + i] = got[c * N + i]
        loop.samples += N
    restore_denormals(float_mode)


_native = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_play.address)


class Loop:
    """A `daemon.bench.peer.Peer` of machine code. [main]"""

    def __init__(self, function: int, keep: Any) -> None:
        """`function` is a void f(first, second), which `arguments` gives; `keep` lives as long as this."""
        self._keep = keep
        self.input, self.output = np.zeros((2, N), np.float32), np.zeros((2, N), np.float32)
        self.heard = np.zeros((2, 0), np.float32)
        self._record = zeros(LOOP)
        self._record["function"] = function
        self._record["input"], self._record["output"] = self.input.ctypes.data, self.output.ctypes.data

    def arguments(self, first: int, second: int, sample_time: int) -> None:
        """What the function is handed, and the address of what is to count the samples in it."""
        self._record["first"], self._record["second"], self._record["sample_time"] = first, second, sample_time

    def play(self, sound: np.ndarray) -> np.ndarray:
        """us of each block of `sound`, float32 (2, samples)."""
        r, blocks = self._record, sound.shape[1] // N
        sound = np.ascontiguousarray(sound[:, : blocks * N])
        spent = np.zeros(blocks, np.float32)
        self.heard = np.zeros_like(sound)
        r["blocks"], r["sound"], r["heard"] = blocks, sound.ctypes.data, self.heard.ctypes.data
        r["spent_ns"] = spent.ctypes.data
        _native(r.ctypes.data)
        return spent / 1000


def plugged(native: tuple[int, int], keep: Any) -> Loop:
    """A Loop around what fills the engine's plugin slot: void f(BLOCK*, own), and own. [main]"""
    block = zeros(BLOCK)
    loop = Loop(native[0], (keep, block))
    block["n"], block["rate"] = N, RATE
    block["inputs"] = [row.ctypes.data for row in loop.input]
    block["outputs"] = [row.ctypes.data for row in loop.output]
    loop.arguments(block.ctypes.data, native[1], block.ctypes.data + offset_of(BLOCK, "sample_time"))
    return loop
