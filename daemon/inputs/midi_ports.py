"""MIDI in by rtmidi: what a port delivers is stamped when it arrives, queued, and the main loop is woken.

rtmidi calls back on its own thread: with JACK that is a real-time thread, where a message waits for the interpreter lock.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from daemon import midi_api
from daemon.midi import Decoder, MidiMessage

QUEUE = 4096
"""Messages that may wait for the main loop: 1.3 s of a full DIN cable."""


class Arrivals:
    """What came on all ports and was not taken yet. A full queue loses the newest, counted."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called after each arrival, from rtmidi's thread; it must not block."""
        self.lost = 0
        self._waiting: deque[MidiMessage] = deque()
        self._wake = wake

    def put(self, messages: list[MidiMessage]) -> None:
        """Queue, and wake the main loop. [rtmidi's thread]"""
        for message in messages:
            if len(self._waiting) < QUEUE:
                self._waiting.append(message)
            else:
                self.lost += 1
        if messages:
            self._wake()

    def take(self) -> list[MidiMessage]:
        """Everything that waits, oldest first per port. [main]"""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


class MidiInput:
    """One input port: another program's or device's, or with `virtual` one of jamd's own for others to connect to."""

    def __init__(self, name: str, arrivals: Arrivals, api: midi_api.Api = "auto", virtual: bool = False) -> None:
        """`name` is the port's name or a part that only it has; a virtual port's own name."""
        self.name = name
        self._arrivals, self._api, self._virtual = arrivals, api, virtual
        self._client: Any = None
        self._source = ""

    @property
    def is_open(self) -> bool:
        """Whether messages can come."""
        return self._client is not None

    def open(self) -> None:
        """Raises MidiError, which lists the ports there are. [main]"""
        client = midi_api.make("in", self._api)
        client.ignore_types(sysex=True, timing=False, active_sense=True)
        client.set_callback(self._arrived, Decoder(self.name))
        try:
            if self._virtual:
                client.open_virtual_port(self.name)
            else:
                index = midi_api.find(client, self.name)
                self._source = client.get_ports()[index]
                client.open_port(index, "midi")
        except BaseException:
            client.delete()
            raise
        self._client = client

    def _arrived(self, event: tuple[list[int], float], decoder: Decoder) -> None:
        now = time.monotonic_ns()
        self._arrivals.put(decoder.feed(event[0], now))

    def is_there(self) -> bool:
        """Whether the port that is listened to still exists; asks the API, so once a second will do. [main]"""
        return self.is_open and (self._virtual or self._source in self._client.get_ports())

    def close(self) -> None:
        """Safe when closed, and after the port or the JACK server has gone. [main]"""
        if self._client is not None:
            client, self._client = self._client, None
            client.cancel_callback()
            client.close_port()
            client.delete()

    lose = close
    """Close a port that has gone: nothing is owed to an input."""
