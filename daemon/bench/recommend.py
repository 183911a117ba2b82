"""`jamd bench recommend`: the tables, printed."""

import json
import os
import subprocess
import sys
from typing import Any

import click

from daemon.bench.machine import load, machine
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server
from daemon.errors import UserError

GOALS_MS = {100_000: 10.0, 1_000_000: 50.0}
"""Items -> what 99 of 100 lists are to be ready within."""
QUERIES = 400
COLUMNS = ("p50", "p95", "p99", "max")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class AskingError(UserError):
    """The process that asks ended."""


class Asking:
    """A process of its own, on one core, that asks a recommender over `items` items."""

    def __init__(self, items: int) -> None:
        command = [sys.executable, "-m", "daemon.bench.recommend_cost", str(items), str(QUERIES)]
        environment = {**os.environ, **ONE_THREAD}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def row(self) -> dict[str, Any]:
        """Waits for the figures asked for last. Raises AskingError."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AskingError(f"the process that asks ended with {self._process.wait()}; what it said stands above")
        return json.loads(line)

    def again(self) -> None:
        """Begin anew."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def run(seconds: float, as_json: bool) -> int:
    """Measure and print all. [main]"""
    found: dict[str, Any] = {"machine": f"{machine()}, {load()}", "sizes": []}
    if not as_json:
        click.echo(found["machine"])
    for items, goal in GOALS_MS.items():
        asking = Asking(items)
        try:
            row = asking.row()
            if not as_json:
                click.echo(_cost(row, goal))
            row["fire"] = _under_fire(asking, seconds)
            if row["fire"] and not as_json:
                click.echo(_fire(row["fire"], seconds))
        finally:
            asking.close()
        found["sizes"].append(row)
    if as_json:
        click.echo(json.dumps(found))
    return 0


def _under_fire(asking: Asking, seconds: float) -> dict[str, Any]:
    """The callback left alone, and while lists are asked for; and these lists' times. Empty without a JACK server."""
    try:
        with jack_server():
            found: dict[str, Any] = {"alone": _callback(seconds).communicate()[0]}
            callback = _callback(seconds)
            while callback.poll() is None:
                asking.again()
                row = asking.row()
            found["asked"] = callback.communicate()[0]
    except NoServerError as error:
        click.echo(f"jamd: the live table is left out: {error}", err=True)
        return {}
    rows = {name: json.loads(said.splitlines()[-1]) for name, said in found.items()}
    return {**rows, "whole": row["whole"], "processor": row["processor"]}


def _callback(seconds: float) -> subprocess.Popen[str]:
    """jamd's own, with all its analysis and nothing generated."""
    command = [sys.executable, "-m", "daemon.bench.generator_fire", "none", str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _cost(row: dict[str, Any], goal: float) -> str:
    lines = ["", f"{row['items']:,} items, {row['plays']:,} plays: ten suggestions with their reasons, one core, ms"]
    lines.append(f"{'':34}" + "".join(f"{name:>8}" for name in COLUMNS))
    lines.append(_line("the whole", row["whole"]) + f"   goal: p99 under {goal:.0f} ms")
    lines.append(_line("  of it on the processor", row["processor"]))
    lines += [_line(f"  {name}", spent) for name, spent in row["steps"].items()]
    lines.append(_line("to learn a play", row["learn"]))
    lines.append("the nearest 150 of as many vectors of 64 numbers, half of them allowed")
    for name, spent in row["vectors"].items():
        recall = f", finds {spent['recall']:.4f} of them" if "recall" in spent else ""
        lines.append(_line(f"  {name}", spent) + f"   {spent['mb']:.0f} MB{recall}")
    memory = {name: f"{size / 1e6:.0f}" for name, size in row["memory"].items()}
    lines.append(
        f"memory, MB: {memory['before']} before, catalogue {memory['catalogue']}, history {memory['history']}, "
        f"families {memory['families']}; {memory['resident']} in all. Built in {row['build_s']:.0f} s"
    )
    if row["missing"]:
        lines.append(f"without the network: {row['missing']}")
    return "\n".join(lines)


def _line(name: str, spent: dict[str, float]) -> str:
    return f"{name:34}" + "".join(f"{spent[column]:8.2f}" for column in COLUMNS)


def _fire(rows: dict[str, Any], seconds: float) -> str:
    lines = [f"the callback meanwhile: JACK, {BLOCK} samples at {RATE} Hz, {seconds:.0f} s, all analysis on"]
    lines.append(f"{'':12}{'blocks':>8}{'late':>6}{'xruns':>7}{'work p50':>10}{'p99':>7}{'max':>8} us")
    for name in ("alone", "asked"):
        row = rows[name]
        work, counts = row["work_us"], f"{row['blocks']:8}{row['late_blocks']:6}{row['xruns']:7}"
        lines.append(f"  {name:10}{counts}{work['p50']:10.0f}{work['p99']:7.0f}{work['max']:8.0f}")
    lines.append(_line("the whole, under it", rows["whole"]))
    lines.append(_line("  of it on the processor", rows["processor"]))
    return "\n".join(lines)
