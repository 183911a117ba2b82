"""Which block size this machine can keep: the callback's work with all analysis on, block by block."""

import ctypes
import time

import numpy as np

from daemon import registry
from daemon.engine import offline
from daemon.inputs.performance import Performance

RATE, SOUND_S = 48000, 6.0
SIZES = (64, 128, 256, 512, 1024, 2048)
HALF = 0.5
"""The part of a block that its work may take: the rest is the driver's, the plugins', and the system's bad moments."""


def keepable() -> tuple[int, float]:
    """The smallest block in samples whose p99.9 of work stays under half of it, and that p99.9 in us. [main]"""
    sound = np.concatenate(list(Performance(SOUND_S).blocks(RATE)), axis=1)
    analysers = [registry.analyser(kind, next(iter(names))) for kind, names in registry.ANALYSERS.items()]
    for size in SIZES:
        p999_us = float(np.percentile(work_us(sound, size, analysers), 99.9))
        if p999_us < HALF * 1e6 * size / RATE:
            break
    return size, p999_us


def work_us(sound: np.ndarray, size: int, analysers: list | None) -> np.ndarray:
    """us of each block's `process_block` over `sound`, (2, samples); `None` leaves out the shared spectrum too. [main]"""
    engine = offline.Engine(RATE, 1, analysers or [])
    if analysers is None:
        engine.state["program"] = 0
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(int(engine.state["process_block"][0]))
    target, where = engine.state["input"][0], engine.state.ctypes.data
    spent = np.empty(sound.shape[1] // size)
    for k in range(spent.size):
        target[:, :size] = sound[:, k * size : (k + 1) * size]
        started = time.perf_counter_ns()
        call(where, size)
        spent[k] = time.perf_counter_ns() - started
    return spent / 1000
