"""What is to leave by a port of the process's at its time: the daemon says it a moment before, and may be busy then.

rtmidi sends at once, so who calls it must be on time. Waiting is to the microsecond, as far as the system wakes.
"""

import heapq
import time
from collections.abc import Mapping

from daemon.midi.message import SYSTEM
from daemon.midi.ports import MidiOutput


class Waiting:
    """All outputs' messages, sorted by their times. [the MIDI process's main thread]"""

    def __init__(self, outputs: Mapping[str, MidiOutput]) -> None:
        self._outputs = outputs
        self._heap: list[tuple[int, int, str, bytes]] = []  # (CLOCK_MONOTONIC ns, number, port, message)
        self._count = 0
        self._latest: dict[tuple[str, int, int], int] = {}  # (port, channel, note) -> when its newest message leaves

    def put(self, port: str, data: bytes, at_ns: int) -> None:
        """Let a message leave then, or at once where that is past; of one moment's, those that came first.

        A note's messages, and a clock's, keep their order though the clock by which their times were told has moved
        between them.
        """
        self._count += 1
        if port in self._outputs:
            is_system = data[0] >= SYSTEM
            note = (port, -1, -1) if is_system else (port, data[0] & 0x0F, data[1] if len(data) > 1 else -1)
            at_ns = self._latest[note] = max(at_ns, self._latest.get(note, 0))
            heapq.heappush(self._heap, (at_ns, self._count, port, data))

    def sleep_s(self, most_s: float) -> float:
        """How long there is nothing to send, at most so long."""
        if not self._heap:
            return most_s
        return min(most_s, max(0.0, (self._heap[0][0] - time.monotonic_ns()) * 1e-9))

    def turn(self) -> None:
        """Send what is due."""
        while self._heap and self._heap[0][0] <= time.monotonic_ns():
            _, _, port, data = heapq.heappop(self._heap)
            self._outputs[port].send(data)

    def silence(self, port: str) -> None:
        """Take back what waits for a port, but for a clock's and the ends of what sounds there, which leave at once."""
        mine = sorted(one for one in self._heap if one[2] == port and one[3][0] < SYSTEM)
        self._heap = [one for one in self._heap if one[2] != port or one[3][0] >= SYSTEM]
        heapq.heapify(self._heap)
        self._latest = {note: at_ns for note, at_ns in self._latest.items() if note[0] != port or note[1] < 0}
        for _, _, _, data in mine:
            if self._outputs[port].is_end(data):
                self._outputs[port].send(data)

    def end_all(self) -> None:
        """Take back what waits, and end all that sounds, at every port and on every channel."""
        for port, output in self._outputs.items():
            self.silence(port)
            output.end_all()
