"""`jamd bench lights`: from a burst at a JACK input to the first changed sACN packet, beside LedFx; and light on the beat.

Both hear the same bursts of noise on the same server, one after the other. For the beat, clicks at a steady tempo are
played; light that follows the foreseen beat is looked for around each, without and with a rig's latency told.
"""

import contextlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import zmq

from daemon import messages as m
from daemon.bench import bursts
from daemon.bench.latency import wait_until_running
from daemon.bench.ledfx import INPUT, ledfx
from daemon.bench.machine import load, machine
from daemon.bench.peer import PeerError
from daemon.bench.server import BLOCK, RATE, jack_server
from daemon.listen import decode, subscribe

UNIVERSE = {"jamd": 11, "LedFx": 12}
SETTLE_S = 12.0  # for the beat to be found
LATENCIES_MS = (0.0, 20.0)

_SHOW = """
[lights.fixtures.par]
universe = {universe}
channels = ["red", "green", "blue"]
count = 8
dimmer = {{ from = "{of}", release_ms = 60 }}
"""


def run(seconds: float, program: str, as_json: bool) -> int:
    """Measure and print; `program` is LedFx's. [main]"""
    with jack_server():
        rows = {"jamd": _jamd(seconds), "LedFx": _ledfx(seconds, program)}
        beats = {str(latency): _beats(seconds, latency) for latency in LATENCIES_MS}
    if as_json:
        click.echo(json.dumps({"machine": machine(), "bursts": rows, "beats": beats}))
        return 0
    click.echo(f"{machine()}, {load()}; JACK's dummy driver, {BLOCK} samples at {RATE} Hz\n")
    click.echo("From a burst's first sample to the first changed sACN packet, ms")
    click.echo(f"{'':16}{'bursts':>8}{'missed':>8}{'min':>8}{'p50':>8}{'p95':>8}{'max':>8}{'packets/s':>11}")
    for name, row in rows.items():
        click.echo(
            f"{name:16}{_figures(row)}{row['packets_s']:>11.1f}" if "p50" in row else f"{name:16}  {row['error']}"
        )
    click.echo(
        "\nFrom a beat to the light on it, ms (before it: negative); what is aimed at is the latency told, negative"
    )
    click.echo(f"{'':28}{'beats':>8}{'missed':>8}{'min':>8}{'p50':>8}{'p95':>8}{'max':>8}{'within 5 ms':>13}")
    for latency, of in beats.items():
        for beat, row in of.items():
            name = f"told {float(latency):g} ms, {beat}"
            click.echo(f"{name:28}{_figures(row)}{row['within_5_ms']:>13.0%}" if "p50" in row else f"{name:28}  none")
    return 0


def _figures(row: dict[str, Any]) -> str:
    return f"{row['n']:>8}{row['missed']:>8}" + "".join(f"{row[name]:>8.1f}" for name in ("min", "p50", "p95", "max"))


@contextlib.contextmanager
def running(of: str, latency_ms: float = 0.0) -> Iterator[str]:
    """A daemon whose one fixture follows `of`; yields where it publishes. [main]"""
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{folder}/wire"
        preset, config = Path(folder) / "show.toml", Path(folder) / "config.toml"
        preset.write_text(_SHOW.format(universe=UNIVERSE["jamd"], of=of))
        config.write_text(
            f'[engine]\ndriver = "jack"\ndevice = "none"\n[zmq]\naddress = "{address}"\nlatest = "off"\n'
            f'[control]\naddress = "off"\n[recommend]\nlibrary = "off"\n[rack]\npreset = "{preset}"\n'
            f'[lights]\nsacn = ["127.0.0.1"]\nlatency_ms = {latency_ms}\n'
        )
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            socket = subscribe(address, [m.topic("lights"), m.topic("engine")])
            wait_until_running(socket)
            socket.close(0)
            yield address
        finally:
            daemon.terminate()
            daemon.wait()


def _jamd(seconds: float) -> dict[str, Any]:
    with running("attack"):
        return _burst(seconds, "jamd", ("jamd:in_1", "jamd:in_2"))


def _ledfx(seconds: float, program: str) -> dict[str, Any]:
    try:
        with ledfx(program, "127.0.0.1", UNIVERSE["LedFx"]) as version:
            return _burst(seconds, "LedFx", (INPUT,)) | {"version": version}
    except PeerError as error:
        return {"error": str(error)}


def _burst(seconds: float, name: str, ports: tuple[str, ...]) -> dict[str, Any]:
    sounds = bursts.source()
    try:
        sounds.play_to(*ports)
        found, packets = bursts.changes(UNIVERSE[name], seconds + 2.0)
        began = sounds.marks()
    finally:
        sounds.close()
    first = found[0].at_s + 1.0 if found else 0.0  # what was there before is no change
    delays = bursts.delays_ms(began[began > first][:-1], found)
    return _summary(delays) | {"packets_s": packets / (seconds + 2.0)}


def _beats(seconds: float, latency_ms: float) -> dict[str, Any]:
    with running("beat", latency_ms) as address:
        transports = subscribe(address, [m.topic("transport")])
        clicks = bursts.source(every_s=0.5, spread_s=0.0, long_s=0.02)
        try:
            clicks.play_to("jamd:in_1", "jamd:in_2")
            bursts.changes(UNIVERSE["jamd"], SETTLE_S)
            since_s = time.monotonic() + 0.5
            found, _ = bursts.changes(UNIVERSE["jamd"], seconds)
            until_s = time.monotonic() - 1.0
            beats = {"from the click": clicks.marks(), "as it was foreseen": _foreseen(transports)}
        finally:
            clicks.close()
            transports.close(0)
    return {
        name: _within(bursts.nearest_ms(at_s[(at_s > since_s) & (at_s < until_s)], found, latency_ms), latency_ms)
        for name, at_s in beats.items()
    }


def _foreseen(transports: zmq.Socket) -> np.ndarray:
    """When each beat was to fall, as it was said last before: CLOCK_MONOTONIC in s."""
    falls: dict[int, float] = {}
    while transports.poll(0):
        message = decode(transports.recv_multipart())
        if isinstance(message, m.Transport) and message.playing and message.t_ns:
            number = math.ceil(message.beat - 1e-6)
            falls[number] = message.t_ns * 1e-9 + (number - message.beat) * 60 / message.tempo_bpm
    return np.array(sorted(falls.values()))


def _within(delays: np.ndarray, latency_ms: float) -> dict[str, Any]:
    row = _summary(delays)
    if "p50" in row:
        heard = delays[~np.isnan(delays)]
        row["within_5_ms"] = float(np.mean(np.abs(heard + latency_ms) <= 5.0))
    return row


def _summary(delays: np.ndarray) -> dict[str, Any]:
    heard = delays[~np.isnan(delays)]
    row: dict[str, Any] = {"n": len(delays), "missed": int(len(delays) - len(heard))}
    if not len(heard):
        return row | {"error": "no light changed"}
    figures = np.percentile(heard, [0, 50, 95, 100])
    return row | dict(zip(("min", "p50", "p95", "max"), map(float, figures), strict=True))
