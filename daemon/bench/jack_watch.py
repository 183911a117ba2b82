"""A clock in machine code around a JACK callback: how long JACK waits for it, and it for the interpreter's lock."""

from typing import Any

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.engine.callback import process_block
from daemon.engine.state import STATE
from daemon.native import monotonic_ns
from daemon.plugins.native import call_int
from dsp.kernel import inline, record_at, zeros
from dsp.native import address_of, call2, floats_at

WATCH = np.dtype(
    [
        ("state", STATE),  # lies first: its address is the record's
        ("function", np.uint64),  # a JackProcessCallback that is watched
        ("spent_ns", np.uint64),  # address of float32[room]
        ("room", np.int64),
        ("blocks", np.int64),
        ("now", np.int64, (2,)),
    ],
    align=True,
)
_WATCH = types.CPointer(from_dtype(WATCH))


@inline
def _note(w, began):
    """Keep how long a block took. [audio]"""
    if w.blocks < w.room:
        record_at(floats_at(w.spent_ns), w.room)[w.blocks] = monotonic_ns(w.now) - began
        w.blocks += 1


@cfunc(types.void(_WATCH, types.uintp), cache=True)
def _block(pointer, n):
    """In the place of `process_block`, around it. [audio]"""
    w = record_at(pointer, 1)[0]
    began = monotonic_ns(w.now)
    call2(w.function, address_of(pointer), n)
    _note(w, began)


@cfunc(types.int32(types.uint32, _WATCH), cache=True)
def _callback(count, pointer):
    """JackProcessCallback around another one, which may have to wait for the interpreter. [audio]"""
    w = record_at(pointer, 1)[0]
    began = monotonic_ns(w.now)
    result = call_int(w.function, (count, types.uintp(0)))
    _note(w, began)
    return result


class Watch:
    """Times blocks. [main]"""

    def __init__(self, room: int) -> None:
        """At most `room` blocks; it does not see what comes after."""
        self.record, self._spent = zeros(WATCH), np.zeros(room, np.float32)
        self.state = self.record["state"]
        """An engine's record, shape (1,), which `engine` has watched."""
        self.record["spent_ns"], self.record["room"] = self._spent.ctypes.data, room

    def engine(self) -> None:
        """Watch the `process_block` of the engine whose record `state` is."""
        self.record["function"] = process_block.address
        self.state["process_block"] = _block.address

    def client(self, jack: Any, client: Any, callback: Any) -> None:
        """Let a client call Python's `callback(n)`, and watch it."""
        ffi, lib = jack._ffi, jack._lib

        def process(n: int, _: Any) -> int:
            callback(n)
            return 0

        function = ffi.callback("JackProcessCallback", process, error=1)
        self.record["function"] = int(ffi.cast("uintptr_t", function))
        record = ffi.cast("void*", self.record.ctypes.data)
        lib.jack_set_process_callback(client._ptr, ffi.cast("JackProcessCallback", _callback.address), record)
        self._kept = function

    @property
    def blocks(self) -> int:
        """Timed so far."""
        return int(self.record["blocks"][0])

    def us(self, first: int, end: int) -> np.ndarray:
        """us of each block from `first` on, before `end`."""
        return self._spent[first:end] / 1000
