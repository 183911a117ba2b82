"""`jamd bench clock`: how evenly MIDI clock leaves while the band and the lights work, beside a plain thread's.

One JACK client hears all of them at once and notes the frame of each tick. The band accompanies the built-in performance.
jamd's clock leaves by the engine's own port, and by python-rtmidi in the process that is there for it; the thread has a
process of its own, with nothing else to do. Where JACK leaves out a block, all are off by it.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from daemon import messages as m
from daemon.bench.clock_thread import CLIENT, PORT
from daemon.bench.latency import wait_until_running
from daemon.bench.machine import load, machine
from daemon.bench.server import BLOCK, RATE, jack_server
from daemon.listen import subscribe

BPM, TICK = 120.0, 1000  # samples of a tick
SETTLE_S = 6.0  # for the band's network to be loaded
ROWS = {
    "jamd, the engine's JACK port": "jamd:midi_out",
    "jamd, its MIDI process": ":jamd out",
    "python-rtmidi, a plain thread": f"{CLIENT}:{PORT}",
}
PRESET = """
[jam]
mode = "accompany"
pulse = "clock"
style = "jazz"
[jam.harmony]
generator = "neural"
[jam.chords]
ports = ["jack"]
[jam.bass]
ports = ["jack"]
[jam.drums]
ports = ["jack"]
[lights.fixtures.par]
channels = ["red", "green", "blue"]
count = 32
dimmer = { from = "beat", release_ms = 60 }
"""
CONFIG = """
[engine]
driver = "jack"
device = "none"
input = "performance"
loop = true
[midi]
api = "jack"
[rack]
preset = "{preset}"
[recommend]
library = "off"
[clock]
sources = ["fixed"]
tempo_bpm = 120.0
midi_out = ["jack", "jamd out"]
[lights]
sacn = ["127.0.0.1"]
[zmq]
address = "{address}"
latest = "off"
[control]
address = "off"
"""


def run(seconds: float, as_json: bool) -> int:
    """Measure and print. [main]"""
    with jack_server(), _jamd(), _thread():
        heard, notes, xruns = _listen(seconds)
    rows = {name: figures(frames) for name, frames in zip(ROWS, heard, strict=True)}
    found = {"machine": machine(), "block": BLOCK, "rate": RATE, "rows": rows, "notes": notes, "xruns": xruns}
    if as_json:
        click.echo(json.dumps(found))
        return 0
    click.echo(f"{machine()}, {load()}; JACK's dummy driver, {BLOCK} samples at {RATE} Hz, {xruns} xruns")
    click.echo(f"{BPM:g} BPM for {seconds:g} s, while the band plays ({notes} notes) and 32 fixtures follow the beat\n")
    click.echo("How far the time between two ticks is from what it should be, ms")
    click.echo(f"{'':32}{'ticks':>8}{'lost':>6}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}")
    for name, row in rows.items():
        cells = "".join(f"{row[key]:>9.3f}" for key in ("p50", "p95", "p99", "max")) if row["ticks"] else "  none heard"
        click.echo(f"{name:32}{row['ticks']:>8}{row['lost']:>6}{cells}")
    return 0


def figures(frames: np.ndarray) -> dict[str, Any]:
    """Of ticks at these frames: how many, how many are missing, and how far each interval is off, in ms."""
    if len(frames) < 2:
        return {"ticks": len(frames), "lost": 0}
    steps = np.diff(frames)
    whole = np.maximum(1, np.rint(steps / TICK))
    off_ms = np.abs(steps - whole * TICK) * 1000.0 / RATE
    found = {f"p{q}": float(np.percentile(off_ms, q)) for q in (50, 95, 99)}
    return {"ticks": len(frames), "lost": int(np.sum(whole - 1)), **found, "max": float(off_ms.max())}


@contextlib.contextmanager
def _jamd() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        address, preset, config = f"ipc://{folder}/wire", Path(folder) / "band.toml", Path(folder) / "config.toml"
        preset.write_text(PRESET)
        config.write_text(CONFIG.format(address=address, preset=preset))
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            socket = subscribe(address, [m.topic("engine")])
            wait_until_running(socket)
            socket.close(0)
            yield
        finally:
            daemon.terminate()
            daemon.wait()


@contextlib.contextmanager
def _thread() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "daemon.bench.clock_thread", str(BPM)], stdin=subprocess.PIPE)
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def _listen(seconds: float) -> tuple[list[np.ndarray], int, int]:
    """As daemon.bench.clock_ear.Ear.heard, of ROWS."""
    from daemon.bench.clock_ear import Ear

    ear = Ear()
    try:
        time.sleep(SETTLE_S)
        ear.connect(list(ROWS.values()))
        time.sleep(1.0)
        ear.clear()
        time.sleep(seconds)
        return ear.heard()
    finally:
        ear.close()
