"""A JACK client that plays a level and keeps all that it hears, sound and MIDI, each at its frame; in machine code.

A level and no tone: what comes back through a rack that does nothing is the fade itself, sample by sample.
"""

import re
from typing import NamedTuple

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.engine.jack_midi import EVENT, _get
from daemon.native import monotonic_ns
from dsp.kernel import record_at, zeros
from dsp.native import address_of, fetch2, fetch_uint, floats_at, pointer_to

LEVEL = 0.25
VIRTUAL = "jamd out"
"""The daemon's own port, of rtmidi's."""
PORTS = ("jack", VIRTUAL)
"""What is listened to: the engine's own MIDI output, and that."""

N_SOUND, N_BLOCKS, N_MIDI = 1 << 22, 1 << 16, 1 << 14

EAR = np.dtype(
    [
        ("get_buffer", np.uint64),
        ("count", np.uint64),  # jack_midi_get_event_count
        ("get", np.uint64),
        ("last_frame", np.uint64),  # jack_last_frame_time, and what it is asked of
        ("client", np.uint64),
        ("ports", np.uint64, (2,)),  # out, in
        ("midi_ports", np.uint64, (2,)),
        ("frames", np.int64),  # heard so far
        ("sound", np.float32, (N_SOUND,)),
        ("n_blocks", np.int64),
        ("blocks", np.int64, (N_BLOCKS, 3)),  # frame, CLOCK_MONOTONIC ns when it came, JACK's own frame
        ("n_midi", np.int64),
        ("midi", np.int64, (N_MIDI, 5)),  # frame, port, and three bytes
        ("event", EVENT),
        ("scratch", np.int64, (2,)),
    ],
    align=True,
)

_bytes_at = pointer_to(np.dtype(np.uint8))


@cfunc(types.int32(types.uint32, types.CPointer(from_dtype(EAR))), cache=True, error_model="numpy")
def _hear(count, pointer):
    """JackProcessCallback. [audio]"""
    s = record_at(pointer, 1)[0]
    n, frame = np.int64(count), s.frames
    out = record_at(floats_at(fetch2(s.get_buffer, s.ports[0], count)), n)
    heard = record_at(floats_at(fetch2(s.get_buffer, s.ports[1], count)), n)
    sound = s.sound
    for i in range(n):
        out[i] = np.float32(LEVEL)
        sound[(frame + i) & (N_SOUND - 1)] = heard[i]
    for p in range(2):
        buffer = fetch2(s.get_buffer, s.midi_ports[p], count)
        for k in range(fetch_uint(s.count, buffer)):
            if _get(s.get, address_of(s.event), buffer, np.uint32(k)) != 0:
                continue
            row = s.midi[s.n_midi & (N_MIDI - 1)]
            row[0], row[1] = frame + np.int64(s.event.frame), p
            data = record_at(_bytes_at(s.event.data), 3)
            for j in range(3):
                row[2 + j] = np.int64(data[j]) if np.int64(s.event.size) > j else -1
            s.n_midi += 1
    block = s.blocks[s.n_blocks & (N_BLOCKS - 1)]
    block[0], block[1] = frame, monotonic_ns(s.scratch)
    block[2] = np.int64(fetch_uint(s.last_frame, s.client))
    s.n_blocks += 1
    s.frames = frame + n
    return 0


class Midi(NamedTuple):
    """A message as it was heard."""

    frame: int
    port: str
    data: tuple[int, ...]


class Ear:
    """Frames count from its start; it keeps a minute and more. [main]"""

    def __init__(self) -> None:
        import jack

        self._error = jack.JackErrorCode
        self._client = client = jack.Client("ear", no_start_server=True)
        self.rate, self.block = client.samplerate, client.blocksize
        ffi, lib = jack._ffi, jack._lib
        out, into = client.outports.register("level"), client.inports.register("in")
        midi = [client.midi_inports.register(name.replace(" ", "_")) for name in PORTS]
        self._record = record = zeros(EAR)
        for field, name in (
            ("get_buffer", "jack_port_get_buffer"),
            ("count", "jack_midi_get_event_count"),
            ("get", "jack_midi_event_get"),
            ("last_frame", "jack_last_frame_time"),
        ):
            record[field] = int(ffi.cast("uintptr_t", getattr(lib, name)))
        record["client"] = int(ffi.cast("uintptr_t", client._ptr))
        record["ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in (out, into)]
        record["midi_ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in midi]
        callback = ffi.cast("JackProcessCallback", _hear.address)
        lib.jack_set_process_callback(client._ptr, callback, ffi.cast("void*", record.ctypes.data))
        client.activate()

    def connect(self) -> bool:
        """Connect all that is not yet; whether everything is."""
        client = self._client
        midi = sorted(port.name for port in client.get_ports(is_output=True, is_midi=True))
        virtual = next((name for name in midi if re.fullmatch(rf"jamd-out[^:]*:{VIRTUAL}", name)), "")
        wires = [("ear:level", "jamd:in_1"), ("ear:level", "jamd:in_2"), ("jamd:out_1", "ear:in")]
        wires += [("jamd:midi_out", "ear:jack"), (virtual, f"ear:{VIRTUAL.replace(' ', '_')}")]
        names = {port.name for port in client.get_ports()}
        if not all(name in names for wire in wires for name in wire):
            return False
        try:
            for source, target in wires:
                if target not in [port.name for port in client.get_all_connections(client.get_port_by_name(source))]:
                    client.connect(source, target)
        except self._error:  # a port is there before its client plays
            return False
        return True

    @property
    def frame(self) -> int:
        """The next one to be heard."""
        return int(self._record["frames"][0])

    def sound(self, start: int) -> np.ndarray:
        """What was heard from this frame on."""
        return self._record["sound"][0][np.arange(start, self.frame) & (N_SOUND - 1)]

    def sounds(self) -> bool:
        """Whether the level is through."""
        newest = self.sound(max(0, self.frame - self.block))
        return len(newest) > 0 and bool((newest == LEVEL).all())

    def step(self, start: int, end: int) -> float:
        """The largest step between two samples, LEVEL being 1, but for those that JACK makes.

        On a busy machine it skips blocks, or gives an old one again where a client was late.
        """
        blocks = self._record["blocks"][0][: int(self._record["n_blocks"][0])]
        blocks = blocks[blocks[:, 0] >= start - self.block]
        edges = list(blocks[1:, 0][np.diff(blocks[:, 2]) != np.diff(blocks[:, 0])])
        known: set[bytes] = set()
        for frame in blocks[:, 0].tolist():
            samples = self.sound(frame)[: self.block]
            if samples.tobytes() in known and np.ptp(samples) > 0.0:
                edges += [frame, frame + self.block]
            known.add(samples.tobytes())
        steps = np.abs(np.diff(self.sound(start)[: end - start]))
        made = np.array(edges, np.int64) - start - 1
        steps[made[(made >= 0) & (made < len(steps))]] = 0.0
        return float(steps.max()) / LEVEL

    def midi(self, start: int, port: str) -> list[Midi]:
        """What was heard by a port from this frame on."""
        rows = self._record["midi"][0][: int(self._record["n_midi"][0])].tolist()
        found = [Midi(frame, PORTS[index], tuple(byte for byte in data if byte >= 0)) for frame, index, *data in rows]
        return [one for one in found if one.frame >= start and one.port == port]

    def silence(self, start: int) -> int:
        """The first frame from `start` on with which a tenth of a second of nothing begins; -1: there is none yet."""
        heard, long = self.sound(start), self.rate // 10
        loud = np.concatenate([[-1], np.flatnonzero(heard), [len(heard)]])
        pauses = np.flatnonzero(np.diff(loud) > long)
        return start + int(loud[pauses[0]]) + 1 if len(pauses) else -1

    def ns(self, frame: int) -> int:
        """CLOCK_MONOTONIC when a frame was heard; where JACK skipped blocks it did not wait for them."""
        blocks = self._record["blocks"][0][: int(self._record["n_blocks"][0])]
        start, at_ns, _ = blocks[int(np.searchsorted(blocks[:, 0], frame, "right")) - 1].tolist()
        return int(at_ns + (frame - start) * 1e9 / self.rate)

    def close(self) -> None:
        """Leave the server."""
        self._client.deactivate()
        self._client.close()
