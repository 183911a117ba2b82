"""The daemon's side of the lights process: starts it, tells it, publishes what it says, and never waits for it.

One that died or hangs is started again and told all that it must know.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec

from daemon import messages as m
from daemon.lights.link import Alive, Follow, FromProcess, Open, Say, Stream, Table, To
from daemon.lights.process import END
from daemon.packets import PACKET, pair, tell

SILENT_S = 2.0  # without a word: it hangs,
START_S = 120.0  # and before its first, for which it may have to compile
AGAIN_S, AGAIN_MOST_S = 0.2, 30.0  # between a process's end and the next; twice as long each time
SETTLED_S = 60.0
CLOSE_S = 1.0

_decode = msgspec.msgpack.Decoder(FromProcess).decode
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Worker:
    """[main]"""

    def __init__(self, opening: Open) -> None:
        """Starts the process."""
        self.socket, self._far = pair()  # `socket` is readable when the process has said something
        self.drops = 0  # packets for which the network had no room
        self._opening, self._stream, self._table, self._to = opening, Stream(0), Table({}), To()
        self._song: Follow | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._heard_at = self._born_at = self._start_at = 0.0
        self._again_s, self._is_up = AGAIN_S, False
        self._said: list[m.Message] = []
        self._start()

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._process.pid if self._process else 0

    def stream(self, rate: int) -> None:
        """An engine runs at `rate` Hz; 0: none does."""
        self._stream = Stream(rate)
        tell(self.socket, self._stream)

    def table(self, values: dict) -> None:
        """The show is another."""
        self._table = Table(values)
        tell(self.socket, self._table)

    def to(self, state: str = "", master: float = -1.0, why: str = "") -> None:
        """Show ("on"), blackout or safe look, and the grand master."""
        order = To(state, master, why)
        kept = self._to
        self._to = To(state or kept.state, master if master >= 0 else kept.master, why if state else kept.why)
        tell(self.socket, order)

    def follow(self, message: m.Message) -> None:
        """Something that a show may follow."""
        packet = Follow(message)  # type: ignore[arg-type]
        if isinstance(message, m.Transport):
            self._song = packet
        tell(self.socket, packet)

    def turn(self) -> list[m.Message]:
        """Take what was said, look after the process; gives what is to be published."""
        for packet in self._read():
            self._is_up = True
            if isinstance(packet, Say):
                self._said.append(packet.message)
            elif isinstance(packet, Alive):
                self.drops = packet.drops
        self._look(time.monotonic())
        said, self._said = self._said, []
        return said

    def close(self) -> None:
        """Lights safe, streams ended, process ended. Safe when closed."""
        if self.socket.fileno() < 0:
            return
        self.to("safe", why=END)
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(CLOSE_S)
            self._process.kill()
            self._process.wait()
        self.socket.close()
        self._far.close()

    def _start(self) -> None:
        """A new process; what the last one had not read is not for it."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._far.recv(PACKET)
        passed = [self._far.fileno(), self._opening.place.fd]
        command = [sys.executable, "-m", "daemon.lights.process", str(self._far.fileno())]
        environment = os.environ | ONE_THREAD
        self._process = subprocess.Popen(command, pass_fds=passed, stdin=subprocess.DEVNULL, env=environment)
        self._heard_at = self._born_at = time.monotonic()
        self._start_at, self._is_up = 0.0, False
        for packet in (self._opening, self._table, self._to, self._stream, self._song):
            if packet is not None:
                tell(self.socket, packet)

    def _read(self) -> Iterator[FromProcess]:
        with contextlib.suppress(BlockingIOError):
            while packet := self.socket.recv(PACKET):
                self._heard_at = time.monotonic()
                yield _decode(packet)

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        if self._process is None:
            if now >= self._start_at:
                self._start()
            return
        code = self._process.poll()
        if code is None and now - self._heard_at < (SILENT_S if self._is_up else START_S):
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        self._again_s = AGAIN_S if now - self._born_at > SETTLED_S else min(AGAIN_MOST_S, 2 * self._again_s)
        self._start_at = now + self._again_s
        how = "hung" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        self._said.append(m.Lights(state="off", error=f"the lights process {how} and is started again"))
