"""Latency: from the sample where an attack begins to its message at a local subscriber.

A JACK client of the benchmark's own plays clicks into a running daemon and reads its ZeroMQ; both ends are stamped with
JACK's frame time, so nothing is assumed of any clock.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from daemon import messages as m
from daemon.bench.server import RATE
from daemon.errors import UserError
from daemon.listen import decode, subscribe

EVERY_S = 0.25  # between clicks
CLICK = (0.8 * np.hanning(96) * np.random.default_rng(1).uniform(-1, 1, 96)).astype(np.float32)


class LatencyError(UserError):
    """The daemon under test did not start."""


def measure(seconds: float) -> dict[str, Any]:
    """Milliseconds from click to message, and (by the engine's own sample count) to decision. [main]"""
    import jack

    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{folder}/wire"
        config = Path(folder) / "config.toml"
        wires = f'[zmq]\naddress = "{address}"\nlatest = "off"\n[control]\naddress = "off"\n'
        config.write_text(f'[engine]\ndriver = "jack"\ndevice = "none"\n{wires}')
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            socket = subscribe(address, [m.topic("onset"), m.topic("engine")])
            wait_until_running(socket)
            player = jack.Client("clicks")
            clicks = _play(player)
            with player:
                player.connect("clicks:out", "jamd:in_1")
                player.connect("clicks:out", "jamd:in_2")
                heard = _listen(socket, player, seconds)
            player.close()
            socket.close(0)
        finally:
            daemon.terminate()
            daemon.wait()
    return _match(clicks, heard)


def wait_until_running(socket: zmq.Socket) -> None:
    """Until the daemon says that its engine runs. Raises LatencyError. [main]"""
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        if socket.poll(500):
            message = decode(socket.recv_multipart())
            if isinstance(message, m.Engine) and message.state == "running":
                return
    raise LatencyError("the daemon did not start within 60 s; try `jamd run` by hand")


def _play(player: Any) -> list[int]:
    """Give the client a callback that plays clicks; their first frames are put into the list that is returned."""
    port, clicks, every = player.outports.register("out"), [], round(EVERY_S * RATE)
    queued = [np.zeros(0, np.float32)]

    @player.set_process_callback
    def process(n: int) -> None:
        buffer, now = port.get_array(), player.last_frame_time
        buffer[:] = 0
        tail = queued[0][:n]
        buffer[: len(tail)] = tail
        queued[0] = queued[0][n:]
        start = -now % every
        if start < n:
            buffer[start:] = CLICK[: n - start]
            queued[0] = CLICK[n - start :]
            clicks.append(now + start)

    return clicks


def _listen(socket: zmq.Socket, player: Any, seconds: float) -> list[tuple[int, float]]:
    """(frame at arrival, ms from the onset's time to its decision) of every onset."""
    heard, ends_at = [], time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if socket.poll(50):
            frames = socket.recv_multipart()
            arrived = player.frame_time
            message = decode(frames)
            if isinstance(message, m.Onset):
                heard.append((arrived, 1000 * (message.known_at - message.sample_time) / RATE))
    return heard


def _match(clicks: list[int], heard: list[tuple[int, float]]) -> dict[str, Any]:
    """Each click with the first message after it, before the next click."""
    delays, decisions = [], []
    for click in clicks[2:-1]:
        after = [(frame, decided) for frame, decided in heard if 0 <= frame - click < EVERY_S * RATE]
        if after:
            delays.append(1000 * (after[0][0] - click) / RATE)
            decisions.append(after[0][1])
    if not delays:
        return {"clicks": len(clicks), "heard": 0}
    return {
        "clicks": len(clicks[2:-1]),
        "heard": len(delays),
        "median_ms": float(np.median(delays)),
        "p99_ms": float(np.percentile(delays, 99)),
        "decision_ms": float(np.median(decisions)),
    }
