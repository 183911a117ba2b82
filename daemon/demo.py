"""`jamd demo`: the daemon on a built-in performance, which it answers, or a file; a live view, and a summary at the end."""

import signal
from pathlib import Path

import click
from msgspec.structs import replace
from rich.console import Console

from daemon import config
from daemon import messages as m
from daemon.app import App
from daemon.engine import histogram
from daemon.engine.state import WORK_BIN_NS
from daemon.outputs.summary import Tally, exchange, summary
from daemon.outputs.terminal import TerminalView
from daemon.outputs.zmq_pub import ZmqError
from daemon.run import RunError
from daemon.service.router import ControlError


def demo(file: Path | None, seconds: float, no_ui: bool) -> int:
    """Play for `seconds`; print what was heard. Raises SoundFileError, RunError."""
    chosen = config.Config(engine=config.Engine(input=str(file) if file else "call", dry=1.0 if file else 0.8))
    if file is None:
        chosen = replace(chosen, rack=config.Rack("demo"))
    try:
        app = App(chosen)
    except (ZmqError, ControlError):  # another jamd has the usual ports
        free = "tcp://127.0.0.1:*"
        app = App(replace(chosen, zmq=config.Zmq(address=free), control=config.Control(address=free)))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.stop())
    tally = Tally()
    app.bus.subscribe(tally.take)
    source = file.name if file else "the built-in performance"
    view = TerminalView(source, app.publisher.address, app.rate, seconds)
    app.bus.subscribe(_note)
    try:
        if no_ui:
            failed = app.run(seconds)
        else:
            app.bus.subscribe(view.take)
            app.on_hop = view.hop
            app.on_turn = view.render
            with view:
                failed = app.run(seconds)
        if failed:
            raise RunError(app.error)
        stats = histogram.stats(app.supervisor.state)
        rows = histogram.doubling(app.supervisor.state["work_bins"][0], WORK_BIN_NS)
    finally:
        app.close()
    click.echo(summary(tally, stats, rows))
    console = Console(highlight=False)
    for row in exchange(tally, console.width, plain=not console.encoding.startswith("utf")):
        console.print(row, no_wrap=True, crop=True)
    return 0


def _note(message: m.Message) -> None:
    """What the listener should know of the engine, before the view covers the terminal."""
    if isinstance(message, m.Engine) and message.error:
        click.echo(f"jamd: {message.error}", err=True)
