"""A JACK client that plays a sound over and over, in machine code: what the callbacks under test are given.

It can say when, in CLOCK_MONOTONIC, marked samples of it would have come in at a device: JACK hands over a block when its
last sample has come.
"""

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.native import monotonic_ns
from dsp.kernel import record_at, zeros
from dsp.native import fetch2, floats_at

N_MARKS, N_STARTS = 4096, 256

SOURCE = np.dtype(
    [
        ("get_buffer", np.uint64),
        ("ports", np.uint64, (2,)),
        ("sound", np.uint64, (2,)),  # addresses of float32[samples]
        ("samples", np.int64),
        ("at", np.int64),
        ("blocks", np.int64),
        ("starts", np.int64, (N_STARTS,)),  # in order
        ("n_starts", np.int64),
        ("next", np.int64),
        ("n_marks", np.int64),  # ever
        ("marks", np.int64, (N_MARKS,)),  # CLOCK_MONOTONIC ns
        ("ns_per_sample", np.float64),
        ("scratch", np.int64, (2,)),
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
    if s.n_starts > 0:
        now = monotonic_ns(s.scratch)
        for _ in range(s.n_starts):
            start = s.starts[s.next]
            if not s.at <= start < s.at + n:
                break
            s.marks[s.n_marks % N_MARKS] = now - np.int64((n - (start - s.at)) * s.ns_per_sample)
            s.n_marks += 1
            s.next = (s.next + 1) % s.n_starts
    s.at = (s.at + n) % s.samples
    s.blocks += 1
    return 0


class Source:
    """A client that plays. [main]"""

    def __init__(self, sound: np.ndarray, starts: np.ndarray | None = None) -> None:
        """`sound` is float32 (2, samples), of whole blocks; `starts` of them are marked, in order, N_STARTS at most."""
        import jack

        self._client, self._sound = jack.Client("sound", no_start_server=True), np.ascontiguousarray(sound)
        ffi, lib, outs = jack._ffi, jack._lib, self._client.outports
        ports = [outs.register(f"out_{c + 1}") for c in range(2)]
        self._record = record = zeros(SOURCE)
        record["get_buffer"] = int(ffi.cast("uintptr_t", lib.jack_port_get_buffer))
        record["ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in ports]
        record["sound"] = [row.ctypes.data for row in self._sound]
        record["samples"] = sound.shape[1]
        if starts is not None:
            record["starts"][0, : len(starts)], record["n_starts"] = starts, len(starts)
        record["ns_per_sample"] = 1e9 / self._client.samplerate
        callback = ffi.cast("JackProcessCallback", _play.address)
        lib.jack_set_process_callback(self._client._ptr, callback, ffi.cast("void*", record.ctypes.data))
        self._client.activate()

    @property
    def blocks(self) -> int:
        """Played: what one gets to hear that misses none."""
        return int(self._record["blocks"][0])

    def marks(self) -> np.ndarray:
        """When each marked sample came in, CLOCK_MONOTONIC s; the newest N_MARKS."""
        record = self._record[0]
        n = int(record["n_marks"])
        return record["marks"][np.arange(max(0, n - N_MARKS), n) % N_MARKS] * 1e-9

    def play_to(self, *ports: str) -> None:
        """Play into these input ports."""
        for c, port in enumerate(ports, 1):
            self._client.connect(f"sound:out_{c}", port)

    def connect(self, client: str) -> None:
        """Play into the inputs of a client."""
        self.play_to(f"{client}:in_1", f"{client}:in_2")

    def close(self) -> None:
        """Stop."""
        self._client.deactivate()
        self._client.close()
