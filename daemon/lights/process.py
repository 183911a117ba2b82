"""The lights process: hears the newest sound by itself, knows the beat ahead of time, and sends DMX before it is late.

It wakes every millisecond, above all but the sound in rank where that is allowed. Where the daemon hangs it shows the safe
look until that goes on; where the daemon has gone, for HOLD_S more, and then ends the stream in good order. All of it runs
on this process's main thread.
"""

import contextlib
import os
import select
import socket
import time
import traceback

import msgspec

from daemon.child import linked, lock_memory
from daemon.lights.link import END, Alive, Follow, Open, Stream, Table, To, ToProcess
from daemon.lights.rig import Rig
from daemon.packets import Gone, received, tell

PRIORITY = 40  # of SCHED_FIFO; JACK's own threads have more
WAKE_S = 0.001
ALIVE_S = 0.25
HOLD_S = 3.0

_decode = msgspec.msgpack.Decoder(ToProcess).decode


def main() -> None:
    """Work until the daemon's end of the socket closes, and HOLD_S longer where it says nothing before."""
    daemon = linked()
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    lock_memory()
    Process(daemon).work()
    os._exit(0)


class Process:
    """Between the daemon's packets and the rig. [main]"""

    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._rig: Rig | None = None
        self._ends_in_order = False

    def work(self) -> None:
        """Until the daemon has gone."""
        alive_at = 0.0
        with contextlib.suppress(Gone):
            while True:
                self._read()
                now = time.monotonic()
                if now >= alive_at:
                    tell(self._daemon, Alive(self._rig.drops if self._rig else 0))
                    alive_at = now + ALIVE_S
                self._turn(now)
                now = time.monotonic()
                select.select([self._daemon], [], [], self._rig.wait_s(now, WAKE_S) if self._rig else WAKE_S)
        self._farewell()

    def _turn(self, now_s: float) -> None:
        if self._rig is None:
            return
        try:
            for message in self._rig.turn(now_s):
                tell(self._daemon, message)
        except Exception:  # a defect: what is shown stays, and the next turn may do
            traceback.print_exc()
            time.sleep(0.1)

    def _farewell(self) -> None:
        """The daemon has gone: the safe look; where it could not say that it would, for a while."""
        rig = self._rig
        if rig is None:
            return
        rig.to(To("safe", why="the daemon has gone"))
        ends_at = time.monotonic() + (0.0 if self._ends_in_order else HOLD_S)
        rig.turn(time.monotonic())
        while time.monotonic() < ends_at:
            rig.turn(time.monotonic())
            time.sleep(0.02)
        rig.close()

    def _read(self) -> None:
        """Take all that has come. Raises Gone."""
        for packed in received(self._daemon):
            packet = _decode(packed)
            if isinstance(packet, Open):
                self._rig = Rig(packet)
            elif self._rig is None:
                continue
            elif isinstance(packet, Follow):
                self._rig.follow(packet.message)
            elif isinstance(packet, To):
                self._ends_in_order = packet.why == END
                self._rig.to(packet)
            elif isinstance(packet, Table):
                self._rig.table(packet.values)
            elif isinstance(packet, Stream):
                self._rig.stream(packet.rate)


if __name__ == "__main__":
    main()
