"""The offline runner: the live callback's own machine code over samples from anywhere, as fast as it goes."""

import ctypes
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from daemon.engine import state as st
from daemon.engine.callback import process_block
from dsp.hop import HOP
from dsp.kernel import zeros

_process_block = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(process_block.address)


class Found(NamedTuple):
    """What one stretch of sound gave: copies of the new records, oldest first."""

    events: np.ndarray  # dsp.hop.EVENT
    hops: np.ndarray  # dsp.hop.FEATURES


class Engine:
    """An engine in this process, fed by hand. [main]"""

    def __init__(self, rate: float, channels: int, analysers: list) -> None:
        """`analysers` are modules of dsp.analysers (or their like), run in this order after the shared spectrum."""
        self.state = zeros(st.STATE)
        st.prepare(self.state, rate, channels, 0)
        self.kept = load(self.state, analysers)
        self._input, self._address = self.state["input"][0], self.state.ctypes.data

    def process(self, block: np.ndarray) -> None:
        """Handle a block, float32 of shape (channels, n), in parts of MAX_BLOCK where it is longer."""
        for start in range(0, block.shape[1], st.MAX_BLOCK):
            part = block[:, start : start + st.MAX_BLOCK]
            n = part.shape[1]
            self._input[0, :n] = part[0]
            self._input[1, :n] = part[-1]
            _process_block(self._address, n)


def load(state, analysers: list) -> list:
    """Write the native addresses and the hop program into a record; keep what is returned as long as that runs. [main]"""
    from dsp import spectrum

    state["process_block"] = process_block.address
    kept = []
    for row, module in enumerate([spectrum, *analysers]):
        own = module.prepare(float(state["hop"]["rate"][0]))
        state["program"][0, row] = module.process.address, own.ctypes.data
        kept.append((module, own))
    return kept


class Reader:
    """Reads a record's rings from outside the callback; what was overwritten before it was read is counted."""

    def __init__(self, state) -> None:
        self.state = state
        self.events_read = self.hops_read = self.events_lost = self.hops_lost = 0

    def read(self) -> Found:
        """Everything new since the last call. [main]"""
        s = self.state[0]
        events, self.events_read, lost = _ring(s["events"], int(s["n_events"]), self.events_read)
        self.events_lost += lost
        hops, self.hops_read, lost = _ring(s["hops"], int(s["n_hops"]), self.hops_read)
        self.hops_lost += lost
        return Found(events, hops)


_MARGIN = 64  # records the callback may be about to overwrite while the ring is read


def _ring(ring: np.ndarray, written: int, read: int) -> tuple[np.ndarray, int, int]:
    lost = max(0, written - read - (ring.size - _MARGIN))
    return ring[np.arange(read + lost, written) % ring.size], written, lost


def analyse(blocks: Iterable[np.ndarray], rate: float, channels: int, analysers: list) -> Iterator[Found]:
    """Run the engine over blocks of shape (channels, n) at `rate` Hz; yields what each block gave."""
    engine = Engine(rate, channels, analysers)
    reader = Reader(engine.state)
    for block in blocks:
        engine.process(block)
        yield reader.read()


SILENCE_AFTER = 64 * HOP
"""Samples of silence after a file's end, so that what was about to be decided is."""
