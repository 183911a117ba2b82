"""`jamd bench rack`: the tables, printed."""

import json
from typing import Any

import click

from daemon.bench import rack_cost, rack_fire
from daemon.bench.machine import load, machine
from daemon.bench.peer import FOUR, LIGHT
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server

BLOCK_US = 1e6 * BLOCK / RATE
TITLES = {
    "four": " > ".join(FOUR),
    "light": " > ".join(LIGHT),
    "single": f"{rack_cost.SINGLE} alone: what the way to a plugin costs",
    "rack": "The rack itself: a chain with",
}


def run(seconds: float, as_json: bool) -> int:
    """Measure both and print them. [main]"""
    found: dict[str, Any] = {"cost": {"machine": _where()} | rack_cost.tables(seconds)}
    if not as_json:
        click.echo(cost_text(found["cost"]))
    try:
        with jack_server():
            found["fire"] = {"machine": _where(), "rows": rack_fire.rows(seconds)}
            if not as_json:
                click.echo()
                click.echo(fire_text(found["fire"], seconds))
    except NoServerError as error:
        click.echo(f"jamd: the live table is left out: {error}", err=True)
    if as_json:
        click.echo(json.dumps(found))
    return 0


def _where() -> str:
    return f"{machine()}, {load()}"


def cost_text(tables: dict[str, Any]) -> str:
    """The tables of `rack_cost`, and `machine`."""
    lines = [f"Cost of a block of {BLOCK} samples at {RATE} Hz, us: in turn, as fast as it goes", tables["machine"]]
    for name, title in TITLES.items():
        ratio = "" if name == "rack" else f"{'ratio':>10}"
        lines += ["", f"{title:48}{'median':>9}{'p99':>9}{ratio}"]
        for label, row in tables[name].items():
            if "why" in row:
                lines.append(f"  {label:46}not measured: {row['why']}")
                continue
            text = f"  {label:46}{row['median_us']:9.2f}{row['p99_us']:9.2f}"
            if name != "rack":
                sound = "the same sound" if row["apart"] == 0.0 else f"off by {row['apart']:.0e}"
                text += f"{row['ratio']:9.2f}x  {sound}"
            lines.append(text)
    return "\n".join(lines)


def fire_text(table: dict[str, Any], seconds: float) -> str:
    """The `rows` of `rack_fire`, and `machine`."""
    lines = [f"The four in a JACK callback under fire: {BLOCK} samples at {RATE} Hz, {seconds:.0f} s a row"]
    lines += [table["machine"], ""]
    counts, times = ("given", "lost", "late_blocks", "misses", "xruns"), ("p50", "p99", "p9999", "max")
    heads = "".join(f"{head:>7}" for head in ("blocks", "lost", "late", "dry", "xruns"))
    lines.append(f"{'':26}{heads}{'work p50':>10}{'p99':>9}{'p99.99':>9}{'max':>9}  us")
    for name, loads in table["rows"].items():
        if "why" in loads:
            lines.append(f"{name:18}not measured: {loads['why']}")
            continue
        for fire, row in loads.items():
            cells = "".join(f"{row[key]:7}" for key in counts)
            cells += f"{row['work_us']['p50']:10.0f}" + "".join(f"{row['work_us'][key]:9.0f}" for key in times[1:])
            lines.append(f"{name:18}{fire:8}{cells}")
    plain, isolated = (table["rows"][rack_fire.WHICH[which]].get("idle") for which in ("jamd", "isolated"))
    if plain and isolated:
        more = isolated["work_us"]["p50"] - plain["work_us"]["p50"]
        lines.append(f"isolation costs {more:.0f} us a block (idle, median)")
    lines.append(
        f"a block lasts {BLOCK_US:.0f} us; lost: never played; late: its own work took longer than that; dry: isolated,"
    )
    lines.append(
        "not ready in a quarter of it; burning: two threads of the process hold the interpreter lock all the time"
    )
    return "\n".join(lines)
