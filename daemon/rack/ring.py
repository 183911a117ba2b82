"""The pen that writes the command ring: what is written takes effect together, once it is committed."""

import ctypes

import numpy as np

from daemon.rack.records import (
    COMMAND,
    FLOAT,
    FLOAT_GLIDE,
    FORGET,
    N_COMMANDS,
    PARAM_GLIDE,
    PARAM_SET,
    RACK,
    SWAP,
    WORD,
)
from dsp.kernel import offset_of

_ROOM = 64  # commands kept free for what must not wait


class Full(Exception):
    """The audio thread does not read, or is told too much at once; nothing of this commit is told."""


class CommandRing:
    """The main thread's end of RACK's commands. [main]"""

    def __init__(self, rack: np.ndarray) -> None:
        """`rack` is the RACK record, shape (1,)."""
        self._rack = rack
        self._commands = rack["commands"][0]
        self._written = int(rack["committed"][0])
        self._committed = ctypes.c_int64.from_address(rack.ctypes.data + offset_of(RACK, "committed"))

    def move(self, target: int, value: float, start: float = 0.0, samples: int = 0) -> None:
        """A float32 at an address is to be `value`; with `samples`, gliding there from `start`."""
        self._put(FLOAT_GLIDE if samples else FLOAT, 0, target, 0, value, start, samples)

    def word(self, target: int, word: int) -> None:
        """An int64 at an address is to be `word`."""
        self._put(WORD, 0, target, word, 0.0, 0.0, 0)

    def param(self, slot: int, index: int, value: float, start: float = 0.0, samples: int = 0) -> None:
        """A parameter of the SLOT at an address is to be `value`; with `samples`, gliding there from `start`."""
        self._put(PARAM_GLIDE if samples else PARAM_SET, index, slot, 0, value, start, samples)

    def swap(self, program: int) -> None:
        """The PROGRAM at an address is to run."""
        self._put(SWAP, 0, 0, program, 0.0, 0.0, 0)

    def forget(self, record: np.ndarray) -> None:
        """Nothing is to glide any more in a record that no program uses."""
        self._put(FORGET, 0, record.ctypes.data, record.nbytes, 0.0, 0.0, 0)

    @property
    def written(self) -> int:
        """Commands ever written: what they took out of use is free once `is_read(written)`."""
        return self._written

    def is_read(self, written: int) -> bool:
        """Whether the audio thread has carried out so many."""
        return int(self._rack["read"][0]) >= written

    def room(self) -> int:
        """How many more commands there is room for."""
        return N_COMMANDS - _ROOM - (self._written - int(self._rack["read"][0]))

    def commit(self) -> None:
        """Let all that was written take effect at the next block's start."""
        self._committed.value = self._written

    def _put(self, kind: int, index: int, target: int, word: int, value: float, start: float, samples: int) -> None:
        if self.room() <= -_ROOM:
            raise Full
        row = np.array((kind, index, target, word, value, start, samples), COMMAND)
        self._commands[self._written & (N_COMMANDS - 1)] = row
        self._written += 1
