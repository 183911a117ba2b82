"""Stretches of the tunes that the network learned from, so that it plays none of them note for note.

A Bloom filter (Bloom, 1970) of each twelve notes in a row, in any key: their intervals and the times between their onsets.
Leaving out what would complete one is Papadopoulos, Roy and Pachet's max order (AAAI 2014). One stretch in some hundreds
is taken for known that is not.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numba import njit

from daemon.generate.deep.alphabet import VALUES
from daemon.models.card import ModelError

NOTES = 12
BITS = 1 << 23
PROBES = 6

_VALUES = VALUES


@njit(cache=True)
def _mixed(code, step):
    code = (code ^ (np.uint64(step) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    return code ^ (code >> np.uint64(31))


@njit(cache=True)
def _code(pitches, times, end):
    """Of the NOTES notes before `end`."""
    code = np.uint64(0)
    for k in range(end - NOTES + 1, end):
        code = _mixed(code, (pitches[k] - pitches[k - 1] + 128) * 4096 + _VALUES[times[k]])
    return code


@njit(cache=True)
def _fill(table, pitches, times):
    for end in range(NOTES, len(pitches) + 1):
        code = _code(pitches, times, end)
        for _ in range(PROBES):
            code = _mixed(code, 1)
            table[(code % np.uint64(BITS)) >> np.uint64(3)] |= np.uint8(1) << np.uint8(code & np.uint64(7))


@njit(cache=True)
def completes(table, h, time, pitch):
    """Whether one note more (symbol, MIDI pitch), after those of the record of copying.HISTORY, completes a stretch."""
    n = h["n"]
    if n < NOTES - 1:
        return False
    pitches, times = np.empty(NOTES, np.int64), np.empty(NOTES, np.int64)
    for k in range(NOTES - 1):
        pitches[k], times[k] = h["pitch"][n - NOTES + 1 + k], h["time"][n - NOTES + 1 + k]
    pitches[NOTES - 1], times[NOTES - 1] = pitch, time
    code = _code(pitches, times, NOTES)
    for _ in range(PROBES):
        code = _mixed(code, 1)
        if not table[(code % np.uint64(BITS)) >> np.uint64(3)] & (np.uint8(1) << np.uint8(code & np.uint64(7))):
            return False
    return True


def table_of(lines: Iterable[np.ndarray]) -> np.ndarray:
    """The filter of lines as alphabet.steps gives them: uint8 (BITS / 8,)."""
    table = np.zeros(BITS // 8, np.uint8)
    for line in lines:
        _fill(table, line[:, 1].astype(np.int64), line[:, 0].astype(np.int64))
    return table


def read(path: Path) -> np.ndarray:
    """The filter of a file. Raises ModelError."""
    try:
        table = np.fromfile(path, np.uint8)
    except OSError:
        raise ModelError(f"{path}: no such file; install jamd again, or train it") from None
    if len(table) != BITS // 8:
        raise ModelError(f"{path}: {len(table)} bytes, wanted are {BITS // 8}; install jamd again, or train it")
    return table
