"""`jamd bench wire`: the table, printed."""

import json

import click

from daemon.bench import wire_rows
from daemon.bench.machine import load, machine

HEADS = (
    ("to", 5),
    ("beside them", 23),
    ("keys", 6),
    ("msg/s", 8),
    ("flat out", 10),
    ("p50", 8),
    ("p99", 8),
    ("max", 9),
)
ENGINE_HEADS = (("lost", 6), ("grown", 8), ("late", 6), ("xruns", 7), ("work p99", 10))


def run(seconds: float, as_json: bool) -> int:
    """Measure each row and print it. [main]"""
    where = f"{machine()}, {load()}"
    found: list[dict] = []
    for row in wire_rows.rows(seconds):
        if not as_json and not found:
            click.echo(
                f"The stream over TCP to readers on this machine, {seconds:.0f} s a row, an engine on {row['driver']}"
            )
            click.echo(where)
            click.echo("".join(f"{head:>{width}}" for head, width in (*HEADS, *ENGINE_HEADS)))
        found.append(row)
        if not as_json:
            click.echo(text(row))
    if as_json:
        click.echo(json.dumps({"machine": where, "rows": found}))
        return 0
    click.echo(
        "msg/s: published, as by a running jamd, of which each reader has a quarter; flat out: as fast as they can be\n"
        "published; p50, p99, max: us from publishing to a reader, of all but the stopped and the slow one; lost: by them;\n"
        "grown: the publisher's memory, KiB; late: callbacks whose own work took longer than their block\n"
        f"({found[0]['blocks']} a row); work p99: theirs, us"
    )
    return 0


def text(row: dict) -> str:
    """A row; the engine alone has no readers."""
    keys = "CURVE" if row["curve"] else "-"
    line = f"{row['readers']:5}{row['beside'] or '-':>23}{keys:>6}"
    if row["readers"]:
        line += f"{row['per_s']:8.0f}{row['flat_out_per_s']:10.0f}{row['p50_us']:8.0f}{row['p99_us']:8.0f}"
        line += f"{row['max_us']:9.0f}{row['lost']:6}{row['grown_bytes'] / 1024:8.0f}"
    else:
        line += f"{'-':>8}{'-':>10}{'-':>8}{'-':>8}{'-':>9}{'-':>6}{'-':>8}"
    return line + f"{row['late_blocks']:6}{row['xruns']:7}{row['work_p99_us']:10.0f}"
