"""A plugin played from notes that are known beforehand, as fast as it goes."""

import ctypes

import numpy as np

from daemon.plugins.call import CALL
from daemon.plugins.plugin import Plugin
from dsp.kernel import zeros


def perform(plugin: Plugin, events: np.ndarray, length: int, rate: float, block: int) -> np.ndarray:
    """Its outputs, float32 (outputs, length), one of silence where it has none; its inputs hear silence. [worker]

    `events`: int64 (n, 4), each a sample, status, data 1 and data 2, by sample. `block`: samples of a call, for which it was
    opened at `rate` Hz.
    """
    blocks = -(-length // block)
    sound = np.zeros((blocks, max(1, plugin.info.outputs), block), np.float32)
    silence = np.zeros(block, np.float32)
    record, process = zeros(CALL), ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(plugin.process)
    call, own, address = record[0], plugin.own, record.ctypes.data
    call["n"], call["rate"] = block, rate
    call["inputs"], call["side"] = silence.ctypes.data, silence.ctypes.data
    cuts = np.searchsorted(events[:, 0], np.arange(blocks + 1) * block)
    midi = call["midi"]
    for k in range(blocks):
        now = events[cuts[k] : cuts[k + 1]]
        call["sample_time"], call["n_midi"] = k * block, len(now)
        for field, column in (("at", 0), ("status", 1), ("data1", 2), ("data2", 3)):
            midi[field][: len(now)] = now[:, column] - (k * block if column == 0 else 0)
        call["outputs"][: len(sound[k])] = [row.ctypes.data for row in sound[k]]
        process(own, address)
    return sound.transpose(1, 0, 2).reshape(len(sound[0]), -1)[:, :length]
