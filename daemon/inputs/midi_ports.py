"""MIDI in by rtmidi: one thread collects from every port, stamps, queues, and wakes the main loop.

rtmidi can call back on arrival, but on JACK it does so inside the process callback, where waiting for the interpreter
lock makes JACK late; and late, it reads a buffer of the next cycle and delivers its first message again for each of the
others (measured: 120 times the same note-on, once in 50 bursts). So rtmidi's native queue is emptied each millisecond.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from daemon import midi_api
from daemon.midi import Decoder, MidiMessage

QUEUE = 4096
"""Messages that may wait for the main loop, over all ports: 4 s of a full DIN cable."""

POLL_S = 0.001


class Arrivals:
    """What came on all ports and was not taken yet. A full queue loses the newest, counted."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called after arrivals, on the collecting thread; it must not block."""
        self.lost = 0
        self.lock = threading.Lock()  # held while a port is read, opened or closed
        self.inputs: list[MidiInput] = []
        self._waiting: deque[MidiMessage] = deque()
        self._wake = wake
        self._running = True
        self._thread = threading.Thread(target=self._collect, name="midi-in", daemon=True)
        self._thread.start()

    def take(self) -> list[MidiMessage]:
        """Everything that waits, oldest first per port. [main]"""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def put(self, messages: list[MidiMessage]) -> None:
        """Queue, and wake the main loop. [the collecting thread]"""
        room = QUEUE - len(self._waiting)
        self._waiting.extend(messages[:room])
        self.lost += max(0, len(messages) - room)
        if messages:
            self._wake()

    def close(self) -> None:
        """End the thread; the inputs are closed on their own. [main]"""
        self._running = False
        self._thread.join()

    def _collect(self) -> None:
        while self._running:
            with self.lock:
                for source in self.inputs:
                    self.put(source.read())
            time.sleep(POLL_S)


class MidiInput:
    """One input port: another program's or device's, or with `virtual` one of jamd's own for others to connect to."""

    direction = "in"

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
        client.ignore_types(sysex=False, timing=False, active_sense=False)  # each carries the time since the last
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
        with self._arrivals.lock:
            self._client, self._decoder, self._stamps = client, Decoder(self.name), Stamps(time.monotonic_ns())
            self._arrivals.inputs.append(self)

    def read(self) -> list[MidiMessage]:
        """Everything that rtmidi has queued. [the collecting thread]"""
        found: list[MidiMessage] = []
        while True:
            now_ns = time.monotonic_ns()
            event = self._client.get_message()
            if event is None:
                self._stamps.empty_at_ns = now_ns
                return found
            found += self._decoder.feed(event[0], self._stamps.stamp(event[1], time.monotonic_ns()))

    def is_there(self) -> bool:
        """Whether the port that is listened to still exists; asks the API, so once a second will do. [main]"""
        return self.is_open and (self._virtual or self._source in self._client.get_ports())

    def close(self) -> None:
        """Safe when closed, and after the port or the JACK server has gone. [main]"""
        if self._client is not None:
            with self._arrivals.lock:
                self._arrivals.inputs.remove(self)
                client, self._client = self._client, None
            client.close_port()
            client.delete()

    lose = close
    """Close a port that has gone: nothing is owed to an input."""


class Stamps:
    """rtmidi's times since the message before, put onto CLOCK_MONOTONIC.

    A message came after the queue was last seen empty and before it was read; between these bounds its place follows
    from the sum of the native deltas, so that the collecting thread's own lateness is not in the stamps.
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
