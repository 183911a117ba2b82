"""`jamd bench generator`: the tables, printed."""

import json
from typing import Any

import click

from daemon.bench import generator_cost, generator_duet, generator_fire
from daemon.bench.machine import machine
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server

NOTOCHORD_MS = (6.0, 3.0)
"""What Notochord (Shepardson et al., 2022) publishes for a note: to feed one, to sample one. Not measured here."""


def run(seconds: float, as_json: bool) -> int:
    """Measure and print all. [main]"""
    found: dict[str, Any] = {"machine": machine(), "cost": generator_cost.measure()}
    if not as_json:
        click.echo(found["machine"])
        click.echo(_cost(found["cost"]))
    try:
        with jack_server():
            found["fire"] = generator_fire.rows(seconds)
            if not as_json:
                click.echo(_fire(found["fire"], seconds))
            found["duet"] = generator_duet.measure(2 * seconds)
            if not as_json:
                click.echo(_duet(found["duet"], 2 * seconds))
    except NoServerError as error:
        click.echo(f"jamd: the live tables are left out: {error}", err=True)
    if as_json:
        click.echo(json.dumps(found))
    return 0


def _cost(found: dict[str, Any]) -> str:
    published = sum(NOTOCHORD_MS)
    lines = ["", "One core, one thread: a note fed and the next one foretold", f"{'':22}{'p50':>10}{'p99':>10}"]
    for precision, row in found["event"].items():
        lines.append(f"{'network ' + precision:22}{row['p50']:7.0f} us{row['p99']:7.0f} us")
    lines.append(f"{'Notochord, published':22}{1000 * published:7.0f} us")
    lines += ["", "A phrase of 16 notes, drawn under all constraints"]
    for precision, row in found["phrase"].items():
        lines.append(f"{'network ' + precision:22}{row['p50']:7.1f} ms{row['p99']:7.1f} ms")
    lines.append(f"{'Notochord, published':22}{16 * published:7.0f} ms")
    lines += ["", "By rule: to hear a note, and an answer of four bars"]
    for name, row in found["rules"].items():
        lines.append(f"{name:22}{row['hear_us']:7.1f} us{row['p50']:7.1f} ms{row['p99']:7.1f} ms")
    return "\n".join(lines)


def _fire(rows: dict[str, dict[str, Any]], seconds: float) -> str:
    lines = ["", f"The callback meanwhile: JACK, {BLOCK} samples at {RATE} Hz, {seconds:.0f} s, all analysis on"]
    lines.append(
        f"{'generator':12}{'blocks':>8}{'late':>6}{'xruns':>7}{'work p50':>10}{'p99':>7}{'max':>8} us{'notes':>8}"
    )
    for name, row in rows.items():
        work = row["work_us"]
        counts = f"{row['blocks']:8}{row['late_blocks']:6}{row['xruns']:7}"
        lines.append(f"{name:12}{counts}{work['p50']:10.0f}{work['p99']:7.0f}{work['max']:8.0f}   {row['notes']:8}")
    return "\n".join(lines)


def _duet(row: dict[str, Any], seconds: float) -> str:
    if not row["notes"]:
        return "\nDuet: nothing was played"
    off, counts = row["off_ms"], row["deadlines"]
    ready, late = sum(counts.get("ready", {}).values()), sum(counts.get("late", {}).values())
    lines = ["", f"A duet of {seconds:.0f} s: {row['answers']} answers, {row['by_network']} of them the network's"]
    lines.append(
        f"said to sent, {row['notes']} notes on and off: "
        + ", ".join(f"{name} {value:.3f} ms" for name, value in off.items())
        + f", max {row['max_ms']:.3f} ms; {row['skipped']} more fell where JACK skipped a cycle"
    )
    lines.append(
        f"deadlines kept: {ready} of {ready + late}; an answer was ready {row['spare_ms']:.0f} ms early (median)"
    )
    return "\n".join(lines)
