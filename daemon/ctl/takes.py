"""`jamd ctl take`: save what just happened, from a shell."""

from typing import Any

import click

from daemon.ctl.asking import asks


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(0.0, 1440.0, min_open=True), help="How much (default: all that is there)."
)
@click.option("--name", help="The take's name (default: the time).")
@click.option("--show", is_flag=True, help="Save nothing: say what the recorder holds and has lost, and the takes.")
@asks
def take(minutes: float | None, name: str | None, show: bool) -> dict[str, Any]:
    """Save what was just played, as WAV and MIDI and as a session that `jamd replay` plays again.

    The daemon must record: `jamd run --record DIR`.
    """
    if show:
        return {"cmd": "take_show"}
    return {"cmd": "take", "minutes": minutes, "name": name}
