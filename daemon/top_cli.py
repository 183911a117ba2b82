"""`jamd top`: all of a running daemon in a terminal."""

import sys
from typing import Any

import click

from daemon.ctl.asking import ADDRESS
from daemon.options import with_key


@click.command()
@click.option("--once", is_flag=True, help="Print one screen, and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a second of the same facts.")
@click.option("--address", default="tcp://127.0.0.1:5550", show_default=True, help="Where the daemon publishes.")
@click.option("--control", default=ADDRESS, show_default=True, help="Where the daemon takes commands.")
@with_key
def top(once: bool, as_json: bool, address: str, control: str, key: Any) -> None:
    """Show what a running daemon hears, plays and suggests, and how it fares: the page's facts in a terminal.

    Keys: 1-8, tab or the arrows another panel (all, sound, band, rack, next, lights, wires, engine). p twice is a panic:
    every note off, sound faded, lights safe; g goes on. t saves what just happened, where `jamd run --record` runs. q ends.

    \b
      jamd top                 of a running daemon; one that goes and comes again is followed
      jamd top --once --json   the same facts for a program
    """
    from daemon import top as command

    sys.exit(command.run(address, control, once, as_json, key))
