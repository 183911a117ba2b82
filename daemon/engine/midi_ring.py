"""The daemon's ends of the record's MIDI rings: what it hands the engine, each message with its sample, and what it hears.

To be used only while an engine runs: one that starts clears the record.
"""

import ctypes
from typing import NamedTuple

import numpy as np

from daemon.engine import state as st
from dsp.block import MAX_MIDI, MIDI
from dsp.kernel import offset_of

UNKNOWN_BLOCK = 1024  # samples, where the driver's blocks vary


class Heard(NamedTuple):
    """What came in at the engine's own MIDI input."""

    sample_time: int
    status: int  # with its channel
    data1: int
    data2: int


class Ring:
    """One of the rings the daemon writes. One writer. [main]"""

    def __init__(self, state: np.ndarray, name: str) -> None:
        """`state` is the record, shape (1,); `name` is played, generated or sent."""
        ring = state[name][0]
        self._ring, self._entries = ring, ring["entries"]
        offset = offset_of(st.STATE, name) + offset_of(st.MIDI_RING, "written")
        self._written = ctypes.c_int64.from_address(state.ctypes.data + offset)

    @property
    def room(self) -> int:
        """How many more messages it can take."""
        return int(st.N_MIDI - (self._written.value - int(self._ring["read"])))

    @property
    def is_read(self) -> bool:
        """Whether the callback has taken all."""
        return self.room == st.N_MIDI

    def put(self, at: int, port: int, status: int, data1: int, data2: int) -> bool:
        """A message for sample `at` of the stream, or the last one's where that is later. False: the ring is full."""
        if self.room <= 0:
            return False
        written, mask = self._written.value, st.N_MIDI - 1
        if written > 0:
            at = max(at, int(self._entries[(written - 1) & mask]["at"]))
        self._entries[written & mask] = np.array((at, port, status, data1, data2, 0), MIDI)
        self._written.value = written + 1
        return True


class MidiRings:
    """All of them, and what the daemon must know to use them. [main]"""

    def __init__(self, state: np.ndarray) -> None:
        """`state` is the record, shape (1,)."""
        self._state = state
        self.played, self.generated, self.sent = (Ring(state, name) for name in ("played", "generated", "sent"))
        self.lost = 0  # heard, but overwritten before it was read
        self._read = 0

    def begin(self) -> None:
        """An engine runs: its rings are new."""
        self._read = 0

    @property
    def block(self) -> int:
        """Samples of a block."""
        return int(self._state["block_size"][0]) or UNKNOWN_BLOCK

    def next_sample(self) -> int:
        """The first sample that a message put now is surely in time for."""
        return int(self._state["sample_time"][0]) + self.block

    def heard(self) -> list[Heard]:
        """Everything new at the engine's own MIDI input."""
        ring = self._state["heard"][0]
        start, written = self._read, int(ring["written"])
        start = max(start, written - st.N_MIDI)
        found = ring["entries"][np.arange(start, written) & (st.N_MIDI - 1)]
        overwritten = int(ring["written"]) + MAX_MIDI - st.N_MIDI - start  # or about to be, while this was read
        found = found[max(0, overwritten) :]
        self.lost += written - self._read - len(found)
        self._read = written
        return [Heard(at, status, data1, data2) for at, _, status, data1, data2, _ in found.tolist()]

    def sounding(self) -> list[tuple[int, int]]:
        """(channel, note) of all that left by the engine's own MIDI output and has not ended; known after its death too."""
        return [(int(channel), int(note)) for channel, note in np.argwhere(self._state["jack_midi"]["sounding"][0])]
