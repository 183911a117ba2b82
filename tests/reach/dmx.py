"""What arrives on the network for a rig: sACN as the library `sacn` reads it, on a loopback address of a test's own."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sacn

from daemon.lights.sacn import PORT


class Arrived(NamedTuple):
    """A packet, and when it came (CLOCK_MONOTONIC)."""

    at_s: float
    packet: sacn.DataPacket

    @property
    def levels(self) -> bytes:
        return bytes(self.packet.dmxData)


def address(number: int) -> str:
    """Loopback has sixteen million addresses; these are this process's."""
    pid = os.getpid()
    return f"127.{1 + (pid >> 8) % 250}.{pid & 255}.{number}"


class Rig:
    """Takes sACN at `host`, in a thread."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.arrived: list[Arrived] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, PORT))
        self._socket.settimeout(0.05)
        self._stops = False
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def wait(self, until: Callable[[list[Arrived]], object], seconds: float = 20.0) -> list[Arrived]:
        """All packets so far, once something holds of them."""
        ends_at = time.monotonic() + seconds
        while not until(found := list(self.arrived)):
            assert time.monotonic() < ends_at, f"not so after {seconds} s, of {len(found)} packets: {found[-3:]}"
            time.sleep(0.01)
        return found

    def close(self) -> None:
        self._stops = True
        self._thread.join()
        self._socket.close()

    def _work(self) -> None:
        while not self._stops:
            try:
                packet = self._socket.recv(2048)
            except TimeoutError:
                continue
            self.arrived.append(Arrived(time.monotonic(), sacn.DataPacket.make_data_packet(packet)))


@contextmanager
def rig(number: int) -> Iterator[Rig]:
    """A rig at this process's address of that number."""
    one = Rig(address(number))
    try:
        yield one
    finally:
        one.close()
