"""A rack that plays on the clock without the interpreter: a native loop calls its kernel each period; its output is kept."""

import contextlib
import ctypes
import os
import threading
import time

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.native import monotonic_ns, restore_denormals, sleep_until_ns, zero_denormals
from dsp.block import BLOCK, MAX_MIDI, MIDI
from dsp.kernel import record_at, zeros
from dsp.native import address_of, call2, floats_at

PRIORITY = 40
MOST_EVENTS = 4096

PACE = np.dtype(
    [
        ("kernel", np.uint64),
        ("own", np.uint64),
        ("stop", np.int64),
        ("now", np.int64),  # blocks played
        ("last", np.int64),  # blocks to play
        ("is_free", np.int64),  # it does not keep to the clock
        ("late", np.int64),  # blocks that began later than their period
        ("n_midi", np.int64),
        ("midi", MIDI, (MOST_EVENTS,)),  # by stream time
        ("n_midi_out", np.int64),
        ("midi_out", MIDI, (MOST_EVENTS,)),
        ("scratch", np.int64, (2,)),
        ("sound", np.uint64),  # address of float32 [last * n] for both channels
        ("out", np.uint64, (2,)),  # addresses of float32 [last * n]
        ("spent_ns", np.uint64),  # address of float32 [last]
        ("block", BLOCK),
    ],
    align=True,
)
_BLOCK = np.uint64(PACE.fields["block"][1])


@cfunc(types.void(types.CPointer(from_dtype(PACE))), cache=True, error_model="numpy")
def _play(pointer):
    p = record_at(pointer, 1)[0]
    block = p.block
    n = block.n
    float_mode = zero_denormals()
    base = address_of(pointer) + _BLOCK
    start = monotonic_ns(p.scratch) - np.int64(p.now * n * 1e9 / block.rate)
    spent = record_at(floats_at(p.spent_ns), p.last)
    while p.stop == 0 and p.now < p.last:
        due = start + np.int64(p.now * n * 1e9 / block.rate)
        if p.is_free == 0:
            if monotonic_ns(p.scratch) - due > n * 1e9 / block.rate:
                p.late += 1
            sleep_until_ns(due, p.scratch)
        block.sample_time = p.now * n
        count = 0
        while count < min(p.n_midi, MAX_MIDI) and p.midi[count].at < block.sample_time + n:
            event, target = p.midi[count], block.midi[count]
            target.at, target.port, target.status = max(0, event.at - block.sample_time), event.port, event.status
            target.data1, target.data2 = event.data1, event.data2
            count += 1
        block.n_midi = count
        for k in range(count, p.n_midi):
            event, target = p.midi[k], p.midi[k - count]
            target.at, target.port, target.status = event.at, event.port, event.status
            target.data1, target.data2 = event.data1, event.data2
        p.n_midi -= count
        offset = np.uint64(4 * p.now * n)
        for c in range(2):
            block.inputs[c] = p.sound + offset
            block.outputs[c] = p.out[c] + offset
        block.n_midi_out = 0
        began = monotonic_ns(p.scratch)
        call2(p.kernel, base, p.own)
        spent[p.now] = np.float32(monotonic_ns(p.scratch) - began)
        for k in range(block.n_midi_out):
            event, target = block.midi_out[k], p.midi_out[p.n_midi_out & (MOST_EVENTS - 1)]
            target.at, target.port, target.status = block.sample_time + event.at, event.port, event.status
            target.data1, target.data2 = event.data1, event.data2
            p.n_midi_out += 1
        p.now += 1
    restore_denormals(float_mode)


_native = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_play.address)


class Paced:
    """Plays `sound`, float32 [samples], on both channels, in blocks of `n`, through a rack's `native`."""

    def __init__(self, native: tuple[int, int], sound: np.ndarray, n: int = 64, rate: float = 48000.0) -> None:
        self.sound, self.n, self.rate = np.ascontiguousarray(sound, np.float32), n, rate
        blocks = sound.size // n
        self.out = np.full((2, blocks * n), np.nan, np.float32)
        self.spent_ns = np.zeros(blocks, np.float32)
        self.record = zeros(PACE)
        p = self.record[0]
        p["kernel"], p["own"] = native
        p["last"], p["sound"] = blocks, self.sound.ctypes.data
        p["out"] = [row.ctypes.data for row in self.out]
        p["spent_ns"] = self.spent_ns.ctypes.data
        p["block"]["n"], p["block"]["rate"] = n, rate
        self._thread: threading.Thread | None = None
        self.real_time = True

    @property
    def now(self) -> int:
        """Samples played."""
        return int(self.record["now"][0]) * self.n

    def notes(self, *events: tuple[int, int, int, int]) -> None:
        """Add (sample, status, data1, data2) to what is played; not while it runs."""
        p = self.record[0]
        for at, status, data1, data2 in sorted(events):
            p["midi"][p["n_midi"]] = (at, 0, status, data1, data2, 0)
            p["n_midi"] += 1

    def heard(self) -> list[tuple[int, int, int, int]]:
        """What MIDI came out: (sample, status, data1, data2)."""
        p = self.record[0]
        return [
            (int(e["at"]), int(e["status"]), int(e["data1"]), int(e["data2"])) for e in p["midi_out"][: p["n_midi_out"]]
        ]

    def free(self) -> np.ndarray:
        """All of it, as fast as it goes; the output, float32 [2, samples]."""
        self.record["is_free"] = 1
        _native(self.record.ctypes.data)
        return self.out

    def start(self) -> None:
        self._thread = threading.Thread(target=self._audio, daemon=True)
        self._thread.start()

    def _audio(self) -> None:
        if self.real_time:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        _native(self.record.ctypes.data)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def until(self, samples: int, turn) -> None:
        """Let it play to there, while the main thread has its turn 50 times a second."""
        while self.is_running and self.now < samples:
            turn()
            time.sleep(0.02)

    def stop(self) -> np.ndarray:
        """End it; what was played, float32 [2, samples]."""
        self.record["stop"] = 1
        if self._thread is not None:
            self._thread.join(10.0)
        return self.out[:, : self.now]
