"""A JACK client that plays a sound over and over, in machine code: what the callbacks under test are given."""

import numpy as np
from numba import cfunc, from_dtype, types

from dsp.kernel import record_at, zeros
from dsp.native import fetch2, floats_at

SOURCE = np.dtype(
    [
        ("get_buffer", np.uint64),
        ("ports", np.uint64, (2,)),
        ("sound", np.uint64, (2,)),  # addresses of float32[samples]
        ("samples", np.int64),
        ("at", np.int64),
        ("blocks", np.int64),
    ],
    align=True,
)


@cfunc(types.int32(types.uint32, types.CPointer(from_dtype(SOURCE))), cache=True, error_model="numpy")
def _play(count, pointer):
    """JackProcessCallback: the sound, over and over. [audio]"""
    s = record_at(pointer, 1)[0]
    n = np.int64(count)
    for c in range(2):
        out = record_at(floats_at(fetch2(s.get_buffer, s.ports[c], count)), n)
        sound = record_at(floats_at(s.sound[c]), s.samples)
        for i in range(n):
            out[i] = sound[(s.at + i) % s.samples]
    s.at = (s.at + n) % s.samples
    s.blocks += 1
    return 0


class Source:
    """A client that plays. [main]"""

    def __init__(self, sound: np.ndarray) -> None:
        """`sound` is float32 (2, samples)."""
        import jack

        self._client, self._sound = jack.Client("sound", no_start_server=True), np.ascontiguousarray(sound)
        ffi, lib, outs = jack._ffi, jack._lib, self._client.outports
        ports = [outs.register(f"out_{c + 1}") for c in range(2)]
        self._record = record = zeros(SOURCE)
        record["get_buffer"] = int(ffi.cast("uintptr_t", lib.jack_port_get_buffer))
        record["ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in ports]
        record["sound"] = [row.ctypes.data for row in self._sound]
        record["samples"] = sound.shape[1]
        callback = ffi.cast("JackProcessCallback", _play.address)
        lib.jack_set_process_callback(self._client._ptr, callback, ffi.cast("void*", record.ctypes.data))
        self._client.activate()

    @property
    def blocks(self) -> int:
        """Played: what one gets to hear that misses none."""
        return int(self._record["blocks"][0])

    def connect(self, client: str) -> None:
        """Play into the inputs of a client."""
        for c in (1, 2):
            self._client.connect(f"sound:out_{c}", f"{client}:in_{c}")

    def close(self) -> None:
        """Stop."""
        self._client.deactivate()
        self._client.close()
