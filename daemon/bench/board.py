"""pedalboard, the peer that Python people have: the same VST3 plugins, block by block, from Python."""

import time

import numpy as np

from daemon.bench.peer import PeerError, vst3_path
from daemon.bench.server import BLOCK, RATE


class Board:
    """A `daemon.bench.peer.Peer`. [main]"""

    def __init__(self, titles: tuple[str, ...]) -> None:
        """Raises PeerError."""
        try:
            import pedalboard
        except ImportError:
            raise PeerError("pedalboard is not installed: pip install 'jamd[bench]'") from None
        self._board = pedalboard.Pedalboard([pedalboard.load_plugin(vst3_path(title)) for title in titles])
        self.heard = np.zeros((2, 0), np.float32)

    def block(self, sound: np.ndarray) -> np.ndarray:
        """A block through the chain, float32 (2, n). [any]"""
        return self._board(sound, RATE, buffer_size=BLOCK, reset=False)

    def play(self, sound: np.ndarray) -> np.ndarray:
        """us of each block of `sound`, float32 (2, samples)."""
        spent = np.zeros(sound.shape[1] // BLOCK)
        self.heard = np.zeros((2, spent.size * BLOCK), np.float32)
        for k in range(spent.size):
            where = slice(k * BLOCK, (k + 1) * BLOCK)
            began = time.perf_counter_ns()
            out = self.block(sound[:, where])
            spent[k] = time.perf_counter_ns() - began
            self.heard[:, where] = out
        return spent / 1000
