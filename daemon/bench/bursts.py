"""Bursts of noise in JACK, and when light changes after them; both ends are stamped with JACK's frame time."""

import socket
import time
from typing import Any, NamedTuple

import numpy as np

from daemon.bench.server import RATE

EVERY_S, LONG_S = 0.5, 0.06
SPREAD_S = 0.1  # each comes up to so much later, or they would fall on one phase of whoever sends at a rate
SACN_PORT = 5568
LEVELS = 126  # where an E1.31 packet's levels begin
UNIVERSE = slice(113, 115)


class Change(NamedTuple):
    """A packet whose levels are others than the one's before."""

    frame: int  # JACK's, when it arrived
    levels: bytes


class Bursts:
    """A JACK client that plays them to whom it is connected. [main]"""

    def __init__(self, seed: int = 1) -> None:
        import jack

        rng = np.random.default_rng(seed)
        self.began: list[int] = []  # JACK frames
        self.client = jack.Client("bursts", no_start_server=True)
        port = self.client.outports.register("out")
        noise = rng.uniform(-0.5, 0.5, round(LONG_S * RATE)).astype(np.float32)
        starts = iter((np.arange(1, 100_000) * EVERY_S + rng.uniform(0, SPREAD_S, 99_999)) * RATE)
        first, coming = self.client.frame_time, [round(next(starts))]

        @self.client.set_process_callback
        def process(n: int) -> None:
            buffer, now = port.get_array(), self.client.last_frame_time - first
            buffer[:] = 0
            at = coming[0] - now
            if 0 <= at < n:
                self.began.append(first + coming[0])
            if at < n and at + len(noise) > 0:
                begin, end = max(at, 0), min(at + len(noise), n)
                buffer[begin:end] = noise[begin - at : end - at]
            elif at + len(noise) <= 0:
                coming[0] = round(next(starts))

        self.client.activate()

    def play_to(self, *ports: str) -> None:
        """From now on to these input ports."""
        for port in ports:
            self.client.connect("bursts:out", port)

    def close(self) -> None:
        """No more."""
        self.client.deactivate()
        self.client.close()


def changes(client: Any, universe: int, seconds: float) -> tuple[list[Change], int]:
    """What changes in a universe's sACN on loopback, and how many packets came. `client`: JACK's. [main]"""
    found: list[Change] = []
    packets, last = 0, b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind(("127.0.0.1", SACN_PORT))
        receiver.settimeout(0.1)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            try:
                packet = receiver.recv(2048)
            except TimeoutError:
                continue
            frame = client.frame_time
            if len(packet) < LEVELS or int.from_bytes(packet[UNIVERSE], "big") != universe:
                continue
            packets += 1
            if packet[LEVELS:] != last:
                last = packet[LEVELS:]
                found.append(Change(frame, last))
    return found, packets


def delays_ms(began: list[int], found: list[Change]) -> np.ndarray:
    """From each burst's first sample to the first packet that is brighter than the one before it; NaN: none came in time."""
    delays = np.full(len(began), np.nan)
    brighter = [
        now.frame for now, before in zip(found[1:], found, strict=False) if sum(now.levels) > sum(before.levels)
    ]
    frames = np.array(brighter)
    for k, begin in enumerate(began):
        after = frames[(frames >= begin) & (frames < begin + round((EVERY_S - SPREAD_S) * RATE))]
        if after.size:
            delays[k] = 1000 * (after[0] - begin) / RATE
    return delays
