"""`jamd run`: the daemon in the foreground."""

import signal

import click

from daemon import lines
from daemon import messages as m
from daemon.app import App
from daemon.config import Config
from daemon.errors import UserError
from daemon.systemd import Systemd


class RunError(UserError):
    """The engine could not be started."""


def run(config: Config, seconds: float | None) -> int:
    """Run until SIGINT, SIGTERM, the end of the input, or `seconds`. Raises RunError."""
    app = App(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _end(app))
    systemd = Systemd()
    app.bus.subscribe(_report)
    app.bus.subscribe(systemd.feed)
    app.on_turn = app.on_turn or systemd.turn
    click.echo(f"jamd: publishing on {app.publisher.address}; `jamd listen` prints it", err=True)
    if app.console.router is not None:
        click.echo(f"jamd: taking commands on {app.console.router.address}; `jamd ctl` gives them", err=True)
    if app.front.url:
        click.echo(f"jamd: the page is at {app.front.url}", err=True)
    if app.front.url:
        click.echo(f"jamd: the page is on {app.front.url}", err=True)
    try:
        if app.run(seconds):
            raise RunError(app.error)
    finally:
        systemd.stop()
        app.close()
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
        ):  # or who asks again while Python ends would have it end by a signal
            signal.signal(number, signal.SIG_IGN)
    return 0


def _end(app: App) -> None:
    """The sound fades at once, whatever the daemon is about to do before it sees that it is to end."""
    app.alarm.hush()
    app.stop()


def _report(message: m.Message) -> None:
    """What became of the engine, MIDI ports, outputs, plugins, generators, models and takes, for who watches the log."""
    kinds = m.Engine | m.MidiPort | m.Output | m.PluginFault | m.Generator | m.Recommender | m.Panic | m.Model | m.Hears
    if isinstance(message, kinds) or _is_news(message):
        click.echo("jamd: " + lines.line(message).strip(), err=True)


def _is_news(message: m.Message) -> bool:
    """Of what is said often, that which is for the log."""
    match message:
        case m.Rack():
            return message.kind in ("loaded", "saved", "warned")
        case m.Service():
            return message.state in ("died", "hung")
        case m.Take():
            return message.state in ("saved", "lost", "failed")
    return False
