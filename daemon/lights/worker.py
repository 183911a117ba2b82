"""The daemon's side of the lights process: starts it, tells it, publishes what it says, and never waits for it.

One that died or hangs is started again and told all that it must know.
"""

import time

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD, Companion, how
from daemon.lights.link import END, Alive, Follow, FromProcess, Open, Say, Stream, Table, To
from daemon.lights.os2l import os2l
from daemon.lights.patch import Patch

SILENT_S = 2.0  # without a word: it hangs,
START_S = 120.0  # and before its first, for which it may have to compile
AGAIN_S, AGAIN_MOST_S = 0.2, 30.0  # between a process's end and the next; twice as long each time
CLOSE_S = 1.0

_decode = msgspec.msgpack.Decoder(FromProcess).decode


class Worker:
    """[main]"""

    def __init__(self, opening: Open) -> None:
        """Starts the process. Raises LightError, Os2lError for a place that is none."""
        Patch(opening.sacn, opening.artnet, opening.priority).close()
        os2l(opening.os2l)
        place = opening.place
        self._beside = Companion("daemon.lights.process", passed=[place.fd], environment=ONE_THREAD)
        self.socket = self._beside.socket  # readable when the process has said something
        self.drops = 0  # packets for which the network had no room
        self._opening, self._stream, self._table, self._to = opening, Stream(0), Table({}), To()
        self._song: Follow | None = None
        self._is_up = False
        self._said: list[m.Message] = []
        self._start()

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def stream(self, rate: int) -> None:
        """An engine runs at `rate` Hz; 0: none does."""
        self._stream = Stream(rate)
        self._beside.tell(self._stream)

    def table(self, values: dict) -> None:
        """The show is another."""
        self._table = Table(values)
        self._beside.tell(self._table)

    def to(self, state: str = "", master: float = -1.0, why: str = "") -> None:
        """Show ("on"), blackout or safe look, and the grand master."""
        order = To(state, master, why)
        kept = self._to
        self._to = To(state or kept.state, master if master >= 0 else kept.master, why if state else kept.why)
        self._beside.tell(order)

    def follow(self, message: m.Message) -> None:
        """Something that a show may follow."""
        packet = Follow(message)  # type: ignore[arg-type]
        if isinstance(message, m.Transport):
            self._song = packet
        self._beside.tell(packet)

    def turn(self) -> list[m.Message]:
        """Take what was said, look after the process; gives what is to be published."""
        for packed in self._beside.said():
            packet, self._is_up = _decode(packed), True
            if isinstance(packet, Say):
                self._said.append(packet.message)
            elif isinstance(packet, Alive):
                self.drops = packet.drops
        self._look(time.monotonic())
        said, self._said = self._said, []
        return said

    def close(self) -> None:
        """Lights safe, streams ended, process ended. Safe when closed."""
        if self.socket.fileno() >= 0:
            self.to("safe", why=END)
        self._beside.close(CLOSE_S)

    def _start(self) -> None:
        self._beside.start()
        self._is_up = False
        for packet in (self._opening, self._table, self._to, self._stream, self._song):
            if packet is not None:
                self._beside.tell(packet)

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            if now >= beside.start_at:
                self._start()
            return
        code = beside.code()
        if code is None and now - beside.heard_at < (SILENT_S if self._is_up else START_S):
            return
        beside.lose(AGAIN_S, AGAIN_MOST_S)
        self._said.append(m.Lights(state="off", error=f"the lights process {how(code)} and is started again"))
