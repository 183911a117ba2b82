"""`jamd next`: what to play next, and why, of a running daemon; or after a track, from the library alone."""

import sys
from pathlib import Path
from typing import Any

import click

from daemon.ctl.asking import ADDRESS
from daemon.options import FILE, with_key


@click.command("next")
@click.option(
    "--after", default="", help="From the library alone: what could follow the item with these WORDS in its name."
)
@click.option("--library", type=FILE, help="Of --after: the library's file (default: the usual one).")
@click.option("-n", type=click.IntRange(1, 50), default=5, show_default=True, help="How many.")
@click.option("--once", is_flag=True, help="Print one list, and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, or without --once one a message.")
@click.option("--address", default="tcp://127.0.0.1:5550", show_default=True, help="Where the daemon publishes.")
@click.option("--control", default=ADDRESS, show_default=True, help="Where the daemon takes commands.")
@with_key
def next_(
    after: str, library: Path | None, n: int, once: bool, as_json: bool, address: str, control: str, key: Any
) -> None:
    """Show what plays, and what could be played next with the reason for each.

    Keys: 1-5 you will play it, and once more: it plays now. Up and down choose one; s skips it, + and - say what you think
    of it. u, h, d want the energy up, held, down; c, p, n turn content, people's sets and the network on and off. q ends.

    \b
      jamd next                            of a running daemon (`jamd run`)
      jamd next --once --json
      jamd next --after "blue monday"      without one, from the library
    """
    from daemon import next_up

    if after:
        sys.exit(next_up.after(after, library, n, as_json))
    if library is not None:
        raise click.UsageError("--library goes with --after; a daemon's library is in its config: [recommend] library")
    sys.exit(next_up.once(control, n, as_json, key) if once else next_up.watch(address, control, as_json, key))
