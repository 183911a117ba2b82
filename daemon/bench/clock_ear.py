"""A JACK client that notes the frame of every tick of several MIDI clocks at once, in machine code."""

from collections.abc import Sequence

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.engine.jack_midi import EVENT, _get
from daemon.midi.message import CLOCK, NOTE_ON
from dsp.kernel import record_at, zeros
from dsp.native import address_of, fetch2, fetch_uint, pointer_to

N_PORTS, N_TICKS = 3, 1 << 16

EAR = np.dtype(
    [
        ("get_buffer", np.uint64),
        ("count", np.uint64),  # jack_midi_get_event_count
        ("get", np.uint64),
        ("ports", np.uint64, (N_PORTS,)),
        ("frames", np.int64),  # heard so far
        ("n", np.int64, (N_PORTS,)),
        ("ticks", np.int64, (N_PORTS, N_TICKS)),  # frames
        ("notes", np.int64),
        ("xruns", np.int64),
        ("event", EVENT),
    ],
    align=True,
)
POINTER = types.CPointer(from_dtype(EAR))

_bytes_at = pointer_to(np.dtype(np.uint8))


@cfunc(types.int32(types.uint32, POINTER), cache=True, error_model="numpy")
def _hear(count, pointer):
    """JackProcessCallback. [audio]"""
    s = record_at(pointer, 1)[0]
    for p in range(N_PORTS):
        buffer = fetch2(s.get_buffer, s.ports[p], count)
        for k in range(fetch_uint(s.count, buffer)):
            if _get(s.get, address_of(s.event), buffer, np.uint32(k)) != 0 or s.event.size == 0:
                continue
            status = record_at(_bytes_at(s.event.data), 1)[0]
            if status == CLOCK and s.n[p] < N_TICKS:
                s.ticks[p, s.n[p]] = s.frames + np.int64(s.event.frame)
                s.n[p] += 1
            elif status & 0xF0 == NOTE_ON:
                s.notes += 1
    s.frames += np.int64(count)
    return 0


@cfunc(types.int32(POINTER), cache=True)
def _xrun(pointer):
    """JackXRunCallback. [JACK's notification thread]"""
    record_at(pointer, 1)[0].xruns += 1
    return 0


class Ear:
    """[main]"""

    def __init__(self) -> None:
        import jack

        self._jack = jack
        self._client = client = jack.Client("clock ear", no_start_server=True)
        ffi, lib = jack._ffi, jack._lib
        self._ports = [client.midi_inports.register(f"in_{k}") for k in range(N_PORTS)]
        self._record = record = zeros(EAR)
        for field, name in (
            ("get_buffer", "jack_port_get_buffer"),
            ("count", "jack_midi_get_event_count"),
            ("get", "jack_midi_event_get"),
        ):
            record[field] = int(ffi.cast("uintptr_t", getattr(lib, name)))
        record["ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in self._ports]
        pointer = ffi.cast("void*", record.ctypes.data)
        lib.jack_set_process_callback(client._ptr, ffi.cast("JackProcessCallback", _hear.address), pointer)
        lib.jack_set_xrun_callback(client._ptr, ffi.cast("JackXRunCallback", _xrun.address), pointer)
        client.activate()

    def connect(self, sources: Sequence[str]) -> None:
        """Hear these ports; of one that is not there nothing is heard."""
        for source, port in zip(sources, self._ports, strict=True):
            found = [one.name for one in self._client.get_ports(is_output=True, is_midi=True) if source in one.name]
            if found:
                self._client.connect(found[0], port)

    def clear(self) -> None:
        """Begin anew."""
        for field in ("n", "notes", "xruns"):
            self._record[field] = 0

    def heard(self) -> tuple[list[np.ndarray], int, int]:
        """(frames of each port's ticks, how many notes began, xruns)."""
        record = self._record[0]
        ticks = [record["ticks"][p][: record["n"][p]].copy() for p in range(N_PORTS)]
        return ticks, int(record["notes"]), int(record["xruns"])

    def close(self) -> None:
        """Leave the server."""
        self._client.deactivate()
        self._client.close()
