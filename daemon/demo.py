"""`jamd demo`: the daemon on a built-in performance or a file, with a live view, and a summary at the end."""

import signal
from pathlib import Path

import click

from daemon import config
from daemon import messages as m
from daemon.app import App
from daemon.engine import histogram
from daemon.engine.state import WORK_BIN_NS
from daemon.outputs.summary import Tally, summary
from daemon.outputs.terminal import TerminalView
from daemon.outputs.zmq_pub import ZmqError
from daemon.run import RunError
from daemon.service.router import ControlError


def demo(file: Path | None, seconds: float, no_ui: bool) -> int:
    """Play for `seconds`; print what was heard. Raises SoundFileError, RunError."""
    engine = config.Engine(input=str(file) if file else "performance", dry=1.0)
    try:
        app = App(config.Config(engine=engine))
    except (ZmqError, ControlError):  # another jamd has the usual ports
        free = "tcp://127.0.0.1:*"
        app = App(config.Config(engine=engine, zmq=config.Zmq(address=free), control=config.Control(address=free)))
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
    return 0


def _note(message: m.Message) -> None:
    """What the listener should know of the engine, before the view covers the terminal."""
    if isinstance(message, m.Engine) and message.error:
        click.echo(f"jamd: {message.error}", err=True)
