"""`jamd demo`: the daemon on a built-in performance, which it answers, or a file, or a small DJ set; a live view of what it
hears and what could be played next, and a summary at the end."""

import signal
import tempfile
import time
from pathlib import Path

import click
from msgspec.structs import replace
from rich.console import Console

from daemon import config, crate
from daemon import messages as m
from daemon.app import App
from daemon.bind import BindError
from daemon.engine import histogram
from daemon.engine.state import WORK_BIN_NS
from daemon.outputs.next_panel import NextPanel
from daemon.outputs.summary import Tally, exchange, summary
from daemon.outputs.terminal import TerminalView
from daemon.run import RunError

PATIENCE_S = 240.0  # it plays on for so long until there is a first list: the first start compiles what makes it,
HEARING_S = 10.0  # and for so long until there is one for what is heard


def demo(file: Path | None, seconds: float | None, no_ui: bool, dj: bool) -> int:
    """Play for `seconds`; print what was heard, and what would go with it. Raises SoundFileError, RunError."""
    with tempfile.TemporaryDirectory(prefix="jamd-demo-") as name, crate.Crate(Path(name)) as box:
        if dj:
            file = box.dj_set()
        return _play(file, seconds or (30.0 if not dj else None), no_ui, dj, box)


def _play(file: Path | None, seconds: float | None, no_ui: bool, dj: bool, box: crate.Crate) -> int:
    chosen = config.Config(
        engine=config.Engine(input=str(file) if file else "call", dry=1.0 if file else 0.8), recommend=box.config(dj)
    )
    if file is None:
        chosen = replace(chosen, rack=config.Rack("demo"))
    try:
        app = App(chosen)
    except BindError:  # another jamd has the usual ports
        free = "tcp://127.0.0.1:*"
        app = App(replace(chosen, zmq=config.Zmq(free, free), control=config.Control(address=free)))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.stop())
    if app.front.url:
        click.echo(f"jamd: the page is at {app.front.url}", err=True)
    tally = Tally()
    app.bus.subscribe(tally.take)
    source = file.name if file else "the built-in performance"
    panel = NextPanel(box.note)
    app.bus.subscribe(panel.take)
    view = TerminalView(source, app.publisher.address, app.rate, seconds, next_panel=panel)
    app.bus.subscribe(_note)
    ends = Ending(app, panel, seconds)
    app.bus.subscribe(ends.take)
    app.on_turn = ends.turn
    try:
        if no_ui:
            failed = app.run()
        else:
            app.bus.subscribe(view.take)
            app.on_hop = view.hop
            ends.view = view
            with view:
                failed = app.run()
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
    panel.whole(console)
    click.echo(crate.ABOUT)
    return 0


class Ending:
    """Draws, and stops the app when its time is over and something was suggested, or will not be. [main]"""

    def __init__(self, app: App, panel: NextPanel, seconds: float | None) -> None:
        """`seconds` None: until the input ends."""
        self._app, self._panel, self._seconds = app, panel, seconds
        self._since: float | None = None
        self._is_hopeless = False
        self.view: TerminalView | None = None

    def take(self, message: m.Message) -> None:
        """A message of the bus."""
        if isinstance(message, m.Engine) and message.state == "running" and self._since is None:
            self._since = time.monotonic()
        if isinstance(message, m.Recommender) and message.state == "failed":
            self._is_hopeless = True

    def turn(self) -> None:
        """Draw, and look at the clock."""
        if self.view is not None:
            self.view.render()
        if self._since is None or self._seconds is None:
            return
        over_s = time.monotonic() - self._since - self._seconds
        is_enough = self._panel.is_told or self._is_hopeless or (self._panel.found is not None and over_s >= HEARING_S)
        if over_s >= PATIENCE_S or (over_s >= 0 and is_enough):
            self._app.stop()


def _note(message: m.Message) -> None:
    """What the listener should know of the engine, before the view covers the terminal."""
    if isinstance(message, m.Engine) and message.error:
        click.echo(f"jamd: {message.error}", err=True)
