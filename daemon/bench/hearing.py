"""`jamd bench hearing`: what the networks that hear cost, frame by frame; and what the sound had of them beside it.

First in this process: the front end alone, each network with its decoders, and all of it, a frame a call as live. Then a
`jamd run` on a JACK server of its own (dummy driver, 64-sample blocks) that plays the demo's performance, without networks
and with all of them.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from daemon.bench.machine import load, machine
from daemon.bench.serve_watch import Watch
from daemon.bench.server import BLOCK, RATE, jack_server
from daemon.inputs.performance import Performance
from daemon.registry import ANALYSERS, HEARS, NEURAL
from dsp.activations import FRAMES_HZ

SOUND_S = 20.0
CONFIG = """
[engine]
driver = "jack"
input = "performance"
[analysis]
{analysis}
[midi]
api = "off"
[generate]
jam = "off"
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "off"
[page]
address = "off"
"""


def run(seconds: float, as_json: bool) -> int:
    """Measure and print. Raises NoServerError, ModelError. [main]"""
    costs, lives = list(frames()), list(beside(seconds))
    where = f"{machine()}, {load()}"
    if as_json:
        click.echo(json.dumps({"machine": where, "frames": costs, "beside": lives}))
        return 0
    click.echo(f"{where}\n{'a frame of 10 ms':28}{'mean us':>10}{'p50':>10}{'p99':>10}{'of real time':>15}")
    for row in costs:
        line = f"{row['what']:28}{row['mean_us']:>10.0f}{row['p50_us']:>10.0f}{row['p99_us']:>10.0f}"
        click.echo(f"{line}{row['of_real_time']:>14.1%}")
    heads = ("blocks", "late", "xruns", "work p99 us", "process MiB", "of a core")
    click.echo(f"\n{f'{BLOCK} samples, JACK, {seconds:.0f} s':28}" + "".join(f"{head:>13}" for head in heads))
    for row in lives:
        sound = [row[name] for name in ("blocks", "late_blocks", "xruns", "work_p99_us")]
        cells = "".join(f"{value:>13.0f}" for value in sound)
        click.echo(f"{row['what']:28}{cells}{row['process_mib']:>13.0f}{row['of_a_core']:>12.1%}")
    return 0


def frames() -> Iterator[dict[str, Any]]:
    """Rows of what a frame takes. [main]"""
    from daemon.hearing import intake
    from daemon.hearing.stream import Stream
    from daemon.models.opening import open_model
    from dsp import spectrogram

    graphs = open_model("hearing").graphs
    sound = np.concatenate(list(Performance(SOUND_S).blocks(RATE)), axis=1)
    mono = np.ascontiguousarray(sound.mean(axis=0))
    n = RATE // FRAMES_HZ
    state = spectrogram.prepare(RATE)
    bands = np.zeros((intake.PART, 2, spectrogram.BANDS), np.float32)
    tones = np.zeros((intake.PART, spectrogram.TONES), np.float32)
    yield _row(
        "front end",
        (partial(spectrogram.push, state, mono[k : k + n], bands, tones) for k in range(0, mono.size - n, n)),
    )
    for name in ("rhythm", "pitch", ""):
        chosen = [one for one in HEARS if HEARS[one] == name or not name]
        stream = Stream(RATE, chosen, graphs)
        calls = (partial(stream.process, sound[:, k : k + n]) for k in range(0, mono.size - n, n))
        yield _row(f"front end, {name}, decoders" if name else "all", calls)


def _row(what: str, calls: Iterator[Callable[[], Any]]) -> dict[str, Any]:
    spent = []
    for call in calls:
        started = time.perf_counter_ns()
        call()
        spent.append((time.perf_counter_ns() - started) / 1000)
    us = np.array(spent[FRAMES_HZ:])
    p50, p99 = np.percentile(us, [50, 99])
    mean = float(us.mean())
    return {"what": what, "mean_us": mean, "p50_us": p50, "p99_us": p99, "of_real_time": mean * FRAMES_HZ / 1e6}


def beside(seconds: float) -> Iterator[dict[str, Any]]:
    """Rows of what a callback had, without networks and with them. [main]"""
    for what, name in (("no network", ""), ("both networks", NEURAL)):
        analysis = "\n".join(f'{one} = "{name or next(iter(ANALYSERS[one]))}"' for one in HEARS)
        with jack_server(), tempfile.TemporaryDirectory() as folder, _daemon(Path(folder), analysis) as process:
            watch = Watch(f"ipc://{folder}/wire")
            watch.settle()
            pid = _hearing(process.pid)
            before = _cpu_s(pid)
            with watch.counted(seconds) as sound:
                pass
            spent = (_cpu_s(pid) - before) / seconds
            yield {"what": what, "process_mib": _mib(pid), "of_a_core": spent} | sound


@contextlib.contextmanager
def _daemon(folder: Path, analysis: str) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "config.toml").write_text(CONFIG.format(folder=folder, analysis=analysis))
    command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(folder / "config.toml")]
    live = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield live
    finally:
        live.send_signal(signal.SIGTERM)
        live.wait()


def _hearing(parent: int) -> int:
    """The process that hears; 0 where there is none."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = ((int(one), Path(f"/proc/{one}/cmdline").read_bytes()) for one in children)
    return next((pid for pid, line in lines if b"daemon.hearing.process" in line), 0)


def _mib(pid: int) -> float:
    """Memory of its own, resident."""
    if not pid:
        return 0.0
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def _cpu_s(pid: int) -> float:
    if not pid:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
