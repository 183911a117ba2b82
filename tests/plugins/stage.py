"""A stage for one plugin: its CALL and buffers, so that a test can play it block by block."""

import ctypes

import numpy as np

from daemon.plugins.call import CALL
from daemon.plugins.plugin import Plugin
from dsp.kernel import zeros

PROCESS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Stage:
    """Plays a plugin as the audio thread would."""

    def __init__(self, plugin: Plugin, block: int = 64, rate: float = 48000.0) -> None:
        self.plugin, self.block = plugin, block
        self.inputs = np.zeros((max(plugin.info.inputs, 2), block), np.float32)
        self.side = np.zeros((2, block), np.float32)
        self.outputs = np.zeros((max(plugin.info.outputs, 2), block), np.float32)
        self.record = zeros(CALL)
        self.call = self.record[0]
        self.call["rate"] = rate
        self.call["inputs"][: len(self.inputs)] = [row.ctypes.data for row in self.inputs]
        self.call["outputs"][: len(self.outputs)] = [row.ctypes.data for row in self.outputs]
        self.call["side"] = [row.ctypes.data for row in self.side]
        self._process = PROCESS(plugin.process)
        self.midi_out: list[tuple[int, int, int, int]] = []  # (sample of the stream, status, data1, data2)

    def run(self, n: int, midi=(), params=()) -> None:
        """One block of what lies in `inputs`; `midi` of (at, status, data1, data2), `params` of (at, index, value)."""
        call = self.call
        call["n"], call["n_midi"], call["n_params"] = n, len(midi), len(params)
        for k, (at, status, data1, data2) in enumerate(midi):
            call["midi"][k] = (at, 0, status, data1, data2, 0)
        for k, (at, index, value) in enumerate(params):
            call["params"][k] = (at, index, value, 0)
        self._process(self.plugin.own, self.record.ctypes.data)
        for one in call["midi_out"][: call["n_midi_out"]]:
            at = int(one["at"] + call["sample_time"])
            self.midi_out.append((at, int(one["status"]), int(one["data1"]), int(one["data2"])))
        call["sample_time"] += n

    def play(self, sound: np.ndarray, side: np.ndarray | None = None, midi=(), params=()) -> np.ndarray:
        """The output for a whole input, float32[channels, samples]; `midi` and `params` with samples of the whole."""
        begin, length = int(self.call["sample_time"]), sound.shape[1]
        out = np.zeros((self.plugin.info.outputs, length), np.float32)
        for start in range(0, length, self.block):
            n = min(self.block, length - start)
            self.inputs[: len(sound), :n] = sound[:, start : start + n]
            if side is not None:
                self.side[: len(side), :n] = side[:, start : start + n]
            here = [(at - start, *rest) for at, *rest in midi if start <= at < start + n]
            changes = [(at - start, *rest) for at, *rest in params if start <= at < start + n]
            self.run(n, here, changes)
            out[:, start : start + n] = self.outputs[: len(out), :n]
        assert self.call["sample_time"] == begin + length
        return out
