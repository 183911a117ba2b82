"""`jamd run`: the daemon in the foreground."""

import signal

import click

from daemon import lines
from daemon import messages as m
from daemon.app import App
from daemon.config import Config
from daemon.errors import UserError


class RunError(UserError):
    """The engine could not be started."""


def run(config: Config, seconds: float | None) -> int:
    """Run until SIGINT, SIGTERM, the end of the input, or `seconds`. Raises RunError."""
    app = App(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.stop())
    app.bus.subscribe(_report)
    click.echo(f"jamd: publishing on {app.publisher.address}; `jamd listen` prints it", err=True)
    try:
        if app.run(seconds):
            raise RunError(app.error)
    finally:
        app.close()
    return 0


def _report(message: m.Message) -> None:
    """What became of the engine and of the MIDI ports, for who watches the log."""
    if isinstance(message, m.Engine | m.MidiPort):
        click.echo("jamd: " + lines.line(message).strip(), err=True)
