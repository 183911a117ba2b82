"""One MIDI port by rtmidi: another program's or device's, or a virtual one of jamd's own for others to connect to.

rtmidi can call back on arrival, but on JACK it does so inside the process callback, where waiting for the interpreter
lock makes JACK late; and late, it reads a buffer of the next cycle and delivers its first message again for each of the
others (measured: 120 times the same note-on, once in 50 bursts). So rtmidi's native queue is emptied each millisecond.

It does not notice the JACK server's death: `is_port_open` stays True and `send_message` returns as if sent. Everything
in this file runs on the MIDI process's main thread.
"""

import time
from typing import Any, Literal

from daemon.midi import api as rtmidi_api
from daemon.midi.message import CONTROL, ENDS, NOTE_OFF, NOTE_ON, Decoder, MidiMessage


class Port:
    """What both directions share."""

    direction: Literal["in", "out"]

    def __init__(self, name: str, api: rtmidi_api.Api = "auto", virtual: bool = False) -> None:
        """`name` is the port's name or a part that only it has; a virtual port's own name."""
        self.name = name
        self._api, self._virtual = api, virtual
        self._client: Any = None
        self._peer = ""

    @property
    def is_open(self) -> bool:
        """Whether messages can pass."""
        return self._client is not None

    def open(self) -> None:
        """Raises MidiError, which lists the ports there are."""
        client = rtmidi_api.make(self.direction, self._api)
        try:
            if self._virtual:
                client.open_virtual_port(self.name)
            else:
                index = rtmidi_api.find(client, self.name)
                self._peer = client.get_ports()[index]
                client.open_port(index, "midi")
        except BaseException:
            client.delete()
            raise
        self._client = client

    def is_there(self) -> bool:
        """Whether the other side still exists; asks the API, so once a second will do."""
        return self.is_open and (self._virtual or self._peer in self._client.get_ports())

    def close(self) -> None:
        """Give the port back once what was sent has left. Safe when closed."""
        if self._client is not None:
            client, self._client = self._client, None
            client.close_port()
            client.delete()


class MidiInput(Port):
    """A port that is read."""

    direction = "in"

    def open(self) -> None:
        """Raises MidiError."""
        super().open()
        self._client.ignore_types(sysex=False, timing=False, active_sense=False)  # each carries the time since the last
        self._decoder, self._stamps = Decoder(self.name), Stamps(time.monotonic_ns())

    def read(self) -> list[MidiMessage]:
        """Everything that rtmidi has queued."""
        found: list[MidiMessage] = []
        while True:
            now_ns = time.monotonic_ns()
            event = self._client.get_message()
            if event is None:
                self._stamps.empty_at_ns = now_ns
                return found
            found += self._decoder.feed(event[0], self._stamps.stamp(event[1], time.monotonic_ns()))


class MidiOutput(Port):
    """A port that is written; knows what sounds there, so that its end leaves no note hanging."""

    direction = "out"

    def __init__(self, name: str, api: rtmidi_api.Api = "auto", virtual: bool = False) -> None:
        super().__init__(name, api, virtual)
        self._sounding: dict[tuple[int, int], None] = {}  # (channel, note), in the order they began

    def send(self, data: bytes) -> None:
        """Send one whole message; nothing when closed."""
        if self._client is None:
            return
        status, channel = data[0] & 0xF0, data[0] & 0x0F
        if status == NOTE_ON:
            self._sounding[channel, data[1]] = None
        elif status == NOTE_OFF:
            self._sounding.pop((channel, data[1]), None)
        try:
            self._client.send_message(data)
        except OSError:  # what rtmidi's errors are
            self.close()

    def is_end(self, data: bytes) -> bool:
        """Whether a message ends a note that sounds."""
        return data[0] & 0xF0 == NOTE_OFF and (data[0] & 0x0F, data[1]) in self._sounding

    def end_all(self) -> None:
        """A note-off for all that sounds; then to each channel: pedal up, all sound off, all notes off.

        Controllers 64, 120 and 123 of MIDI 1.0.
        """
        for channel, note in list(self._sounding):
            self.send(bytes((NOTE_OFF | channel, note, 0)))
        for channel in range(16):
            for controller in ENDS:
                self.send(bytes((CONTROL | channel, controller, 0)))


class Stamps:
    """rtmidi's times since the message before, put onto CLOCK_MONOTONIC.

    A message came after the queue was last seen empty and before it was read; between these bounds its place follows
    from the sum of the native deltas, so that the reading loop's own lateness is not in the stamps.
    """

    def __init__(self, empty_at_ns: int) -> None:
        self.empty_at_ns = empty_at_ns
        self._sum_ns = 0
        self._offset_ns: int | None = None

    def stamp(self, delta_s: float, now_ns: int) -> int:
        """When a message came that was read now."""
        self._sum_ns += round(delta_s * 1e9)
        latest, earliest = now_ns - self._sum_ns, self.empty_at_ns - self._sum_ns
        offset = latest if self._offset_ns is None else self._offset_ns
        self._offset_ns = max(earliest, min(latest, offset))
        return self._sum_ns + self._offset_ns
