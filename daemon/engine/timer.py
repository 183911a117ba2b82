"""The timer driver: no device, a native loop on the clock. For a machine without sound hardware."""

import contextlib
import ctypes
import os
import threading

import numpy as np
from numba import cfunc, types

from daemon.engine.callback import STATE_POINTER
from daemon.engine.driver import Opened
from daemon.native import monotonic_ns, sleep_until_ns
from dsp.kernel import record_at
from dsp.native import address_of, call2

BLOCK = 256
PRIORITY = 60  # SCHED_FIFO, where permitted
GIVE_UP_NS = 500_000_000  # later than this, time is skipped and not caught up


@cfunc(types.void(STATE_POINTER, types.int64), cache=True, error_model="numpy")
def _run(pointer, n):
    """Call `process_block` with `n` silent samples each n / rate seconds until `stop`. [audio]"""
    s = record_at(pointer, 1)[0]
    base = address_of(pointer)
    scratch = s.timer_scratch
    start, blocks = monotonic_ns(scratch), 0
    while s.stop == 0:
        due = start + np.int64(blocks * n * 1e9 / s.rate)
        late = monotonic_ns(scratch) - due
        if late > GIVE_UP_NS:
            start, blocks, due = start + late, 0, start + late
            s.xruns += 1
        sleep_until_ns(due, scratch)
        samples = s.input
        for c in range(2):
            for i in range(n):
                samples[c, i] = np.float32(0)
        call2(s.process_block, base, np.uintp(n))
        blocks += 1


_run_native = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(_run.address)  # drops the interpreter lock


class Timer:
    """A thread of the clock's. [main]"""

    def __init__(self, state: np.ndarray, rate: int, block_size: int) -> None:
        """Open, not start, at `rate` Hz."""
        self._state = state
        block = block_size or BLOCK
        self._thread = threading.Thread(target=self._audio, args=(block,), daemon=True, name="timer")
        self.opened = Opened("timer", "no sound device", rate, block)

    def _audio(self, block: int) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        _run_native(self._state.ctypes.data, block)

    def start(self) -> None:
        """Let the thread run. [main]"""
        self._thread.start()

    def alive(self) -> bool:
        """Whether it still runs. [main]"""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ask the thread to end and wait for it. [main]"""
        self._state["stop"] = 1
        self._thread.join(2.0)
