"""`jamd bench engine`: the tables, printed."""

import json
from typing import Any

import click

from daemon.bench import cost, fire, latency
from daemon.bench.machine import machine
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server

COST_S = 20.0


def run(seconds: float, as_json: bool) -> int:
    """Measure all three and print them. [main]"""
    found: dict[str, Any] = {"machine": machine()}
    if not as_json:
        click.echo(found["machine"])
    found["cost"] = cost.measure(COST_S)
    if not as_json:
        click.echo(_cost(found["cost"]))
    try:
        with jack_server():
            found["fire"] = fire.rows(seconds)
            if not as_json:
                click.echo(_fire(found["fire"], seconds))
            found["latency"] = latency.measure(seconds)
            if not as_json:
                click.echo(_latency(found["latency"]))
    except NoServerError as error:
        click.echo(f"jamd: the live tables are left out: {error}", err=True)
    if as_json:
        click.echo(json.dumps(found))
    return 0


def _cost(rows: dict[str, dict[str, float]]) -> str:
    peer = rows["aubio onset+pitch+tempo"]["median_us"]
    lines = ["", "Cost of a 256-sample hop at 48 kHz, us (the empty engine taken off)"]
    lines.append(f"{'':34}{'median':>9}{'p99':>9}{'mean':>9}{'beside aubio':>14}")
    for name, row in rows.items():
        cells = "".join(f"{row[column]:9.1f}" for column in ("median_us", "p99_us", "mean_us"))
        lines.append(f"{name:34}{cells}{row['median_us'] / peer:13.2f}x")
    return "\n".join(lines)


def _fire(rows: dict[str, dict[str, Any]], seconds: float) -> str:
    lines = ["", f"The callback under fire: JACK, {BLOCK} samples at {RATE} Hz, {seconds:.0f} s, all analysis on"]
    lines.append(
        f"{'callback':10}{'blocks':>9}{'late':>8}{'xruns':>8}{'work p50':>10}{'p99':>9}{'p99.99':>9}{'max':>10}  us"
    )
    for name, row in rows.items():
        work = row["work_us"]
        cells = f"{row['blocks']:9}{row['late_blocks']:8}{row['xruns']:8}{work['p50']:10.0f}{work['p99']:9.0f}"
        lines.append(f"{name:10}{cells}{work['p9999']:9.0f}{work['max']:10.0f}")
    lines.append(
        f"a block lasts {1e6 * BLOCK / RATE:.0f} us; late: its own work took longer than that; xruns: the server's count"
    )
    return "\n".join(lines)


def _latency(row: dict[str, Any]) -> str:
    if not row["heard"]:
        return "\nLatency: no click was heard"
    return (
        f"\nFrom a click's first sample to its message at a subscriber ({row['heard']} of {row['clicks']} clicks): "
        f"median {row['median_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms"
    )
