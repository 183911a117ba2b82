"""`jamd bench serve`: the services of a jamd that plays, asked by many at once; and what the sound had of it.

A JACK server of its own on the dummy driver with 64-sample blocks, a `jamd run` on it with all analysis, and clients that
ask over its control socket again as soon as they are answered. The last row of each service asks for more than may wait.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from daemon.bench.machine import load, machine
from daemon.bench.serve_load import SERVICES, asked
from daemon.bench.serve_watch import Watch
from daemon.bench.server import BLOCK, RATE, jack_server
from daemon.bench.synthetic_library import Synthetic

CLIENTS = (1, 8, 64)
OVERLOAD = (64, 3)  # clients, and what each has under way
ITEMS = 2000
CONFIG = """
[engine]
driver = "jack"
[midi]
api = "off"
[generate]
jam = "off"
[recommend]
library = "{folder}/library.db"
recognise = false
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "ipc://{folder}/control"
[page]
address = "off"
[services]
workers = {workers}
"""


def run(seconds: float, workers: int, as_json: bool) -> int:
    """Measure and print. Raises NoServerError, ServeBenchError. [main]"""
    where = f"{machine()}, {load()}"
    rows = []
    if not as_json:
        click.echo(
            f"jamd run at {BLOCK} samples, {RATE} Hz on JACK's dummy driver; {workers} worker(s), {seconds:.0f} s a row"
        )
        click.echo(where)
        heads = ("under way", "answered/s", "p50 ms", "p99 ms", "refused/s", "blocks", "late", "xruns", "work p99 us")
        click.echo(f"{'':12}" + "".join(f"{head:>12}" for head in heads))
    for row in measured(seconds, workers):
        rows.append(row)
        if not as_json:
            click.echo(text(row))
    if as_json:
        click.echo(json.dumps({"machine": where, "workers": workers, "rows": rows}))
        return 0
    click.echo(
        "under way: clients times requests of each; refused: at once (429) or at its deadline (504), and asked again\n"
        "50 ms later; late: callbacks whose own work took longer than their block; work p99: theirs, at most"
    )
    return 0


def measured(seconds: float, workers: int) -> Iterator[dict[str, Any]]:
    """The rows: first no load at all, then each service. [main]"""
    with jack_server(), tempfile.TemporaryDirectory() as name, _daemon(Path(name), workers):
        folder = Path(name)
        watch = Watch(f"ipc://{folder}/wire")
        control = f"ipc://{folder}/control"
        for service in SERVICES:
            asked(control, service, 1, 1, 0.0)  # until it answers: the start, and what is loaded once
        watch.settle()
        with watch.counted(seconds) as sound:
            pass
        yield {"service": "none", "clients": 0, "each": 0, "sound": sound}
        for service in SERVICES:
            for clients, each in (*((n, 1) for n in CLIENTS), OVERLOAD):
                with watch.counted(0.0) as sound:
                    found = asked(control, service, clients, each, seconds)
                yield {"service": service, "clients": clients, "each": each, "sound": sound} | found


@contextlib.contextmanager
def _daemon(folder: Path, workers: int) -> Iterator[None]:
    from daemon.recommend.library.store import Library

    with Library.open(folder / "library.db") as library:
        library.put(Synthetic(ITEMS).items, "bench")
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, workers=workers))
    command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(folder / "config.toml")]
    live = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        live.send_signal(signal.SIGTERM)
        live.wait()


def text(row: dict[str, Any]) -> str:
    """One row for a person."""
    sound = row["sound"]
    line = f"{row['service']:12}"
    if row["clients"]:
        line += f"{row['clients']:>8} x {row['each']}{row['per_s']:>12.1f}{row['p50_ms']:>12.1f}{row['p99_ms']:>12.1f}"
        line += f"{row['refused_per_s']:>12.0f}"
    else:
        line += f"{'-':>12}" * 5
    return line + f"{sound['blocks']:>12}{sound['late_blocks']:>12}{sound['xruns']:>12}{sound['work_p99_us']:>12.0f}"
