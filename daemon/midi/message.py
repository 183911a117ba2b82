"""MIDI 1.0 as bytes: what a message is, and a decoder that takes whatever a port delivers.

Source: MIDI 1.0 Detailed Specification (MIDI Association, 1996): running status, system exclusive, real-time bytes.
"""

from collections.abc import Iterable
from typing import NamedTuple

NOTE_OFF, NOTE_ON, POLY_PRESSURE, CONTROL, PROGRAM, PRESSURE, PITCH_BEND = range(0x80, 0xF0, 0x10)
CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
SONG_POSITION = 0xF2  # data1 + 128 * data2 sixteenths
SYSTEM = 0xF0
"""From here on a status belongs to no channel."""
SUSTAIN, SOSTENUTO = 64, 66
"""The controllers of two pedals: down from 64 on."""
ENDS = (SUSTAIN, 120, 123)
"""With value 0: the pedal goes up, all sound off, all notes off."""

_DATA_BYTES = {NOTE_OFF: 2, NOTE_ON: 2, POLY_PRESSURE: 2, CONTROL: 2, PROGRAM: 1, PRESSURE: 1, PITCH_BEND: 2}
_COMMON_DATA_BYTES = {0xF1: 1, SONG_POSITION: 2, 0xF3: 1}


class MidiMessage(NamedTuple):
    """A message and when it came. A note-on of velocity 0 is given as the note-off it means."""

    monotonic_ns: int
    port: str
    status: int  # NOTE_OFF .. PITCH_BEND, SONG_POSITION, or the real-time byte
    channel: int  # 0-15; -1 from SYSTEM on
    data1: int  # 0-127; a pitch bend is data1 + 128 * data2 - 8192
    data2: int
    at: int = 0  # its sample of the stream, once the desk has it


class Decoder:
    """Bytes of one port to channel-voice and real-time messages and song positions; all else is passed over.

    [any, one thread]
    """

    def __init__(self, port: str) -> None:
        self.port = port
        self._status = 0  # the running status; 0 = data bytes mean nothing now
        self._wanted = 0
        self._data: list[int] = []

    def feed(self, data: Iterable[int], monotonic_ns: int) -> list[MidiMessage]:
        """The messages that these bytes complete."""
        found = []
        for byte in data:
            if byte >= CLOCK:
                found.append(MidiMessage(monotonic_ns, self.port, byte, -1, 0, 0))
            elif byte >= 0x80:
                self._begin(byte)
            elif self._status:
                self._data.append(byte)
                if len(self._data) == self._wanted:
                    if self._status < SYSTEM:
                        found.append(self._message(monotonic_ns))
                    else:
                        if self._status == SONG_POSITION:
                            found.append(MidiMessage(monotonic_ns, self.port, SONG_POSITION, -1, *self._data))
                        self._status = 0
                    self._data = []
        return found

    def _begin(self, status: int) -> None:
        """A status byte: system exclusive and its end take the data bytes after them out of play."""
        self._data = []
        if status < SYSTEM:
            self._status, self._wanted = status, _DATA_BYTES[status & 0xF0]
        else:
            self._wanted = _COMMON_DATA_BYTES.get(status, 0)
            self._status = status if self._wanted else 0

    def _message(self, monotonic_ns: int) -> MidiMessage:
        status, channel = self._status & 0xF0, self._status & 0x0F
        data1, data2 = (*self._data, 0)[:2]
        if status == NOTE_ON and data2 == 0:
            status = NOTE_OFF
        return MidiMessage(monotonic_ns, self.port, status, channel, data1, data2)
