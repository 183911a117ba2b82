"""`jamd jam`: the daemon with a band that plays along, a live view, and single keys to steer it."""

import signal
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
from msgspec.structs import replace

from daemon import config, doctor
from daemon import messages as m
from daemon.app import App
from daemon.bind import BindError
from daemon.desk.commands.command import Command
from daemon.desk.commands.jam import Jam, JamCue, JamPanic, JamPart
from daemon.errors import UserError
from daemon.keys import Keys
from daemon.outputs.jam_view import JamView
from daemon.run import RunError

PRESET = "folk-answer"
"""What is played through where nothing else is asked for."""
MODES = {"a": "answer", "c": "accompany", "o": "continue", "t": "trade", "l": "loop"}
STEPS = {"+": ("temperature", 0.1), "-": ("temperature", -0.1), ">": ("closeness", 0.1), "<": ("closeness", -0.1)}
HELP = " a answer  c accompany  o go on  t trade  l loop  space cue  p panic  +- temperature  <> closeness  q end"
RANGES = {"temperature": (0.0, 4.0), "closeness": (0.0, 1.0)}


class JamError(UserError):
    """A band that cannot play as asked; the text is one line."""


class Wish(NamedTuple):
    """What the command line asks for; empty or 0 leaves it to the preset."""

    preset: str = ""
    mode: str = ""
    style: str = ""
    tempo_bpm: float = 0.0
    input: str = ""  # a MIDI input


def jam(given: Path | None, wish: Wish, no_ui: bool, seconds: float | None) -> int:
    """Play along until q, Ctrl-C or `seconds`. Raises UserError."""
    chosen = config.load(given) if given else config.Config()
    preset = wish.preset or chosen.rack.preset or PRESET
    chosen = replace(chosen, rack=config.Rack(preset), generate=replace(chosen.generate, jam="on"))
    if wish.input:
        chosen = replace(chosen, midi=replace(chosen.midi, inputs=(*chosen.midi.inputs, wish.input)))
    for check in doctor.lacking():
        click.echo(f"jamd: {check.what}: {check.says}{f'; {check.remedy}' if check.remedy else ''}", err=True)
    app = _app(chosen)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: app.stop())
    if app.front.url:
        click.echo(f"jamd: the page is at {app.front.url}", err=True)
    tally = _Tally()
    app.bus.subscribe(tally.take)
    try:
        _do(app, [_wished(wish)])
        with Keys() as keys, JamView(f"jamd jam  {Path(preset).stem}", HELP if keys.are_read else "") as view:
            if not no_ui:
                app.bus.subscribe(view.take)
                app.on_hop = lambda features: setattr(view, "now", int(features["sample_time"]))
            app.on_turn = lambda: _turn(app, keys, view)
            failed = app.run(seconds)
        if failed:
            raise RunError(app.error)
    finally:
        app.close()
    click.echo(tally.said())
    return 0


def _app(chosen: config.Config) -> App:
    try:
        return App(chosen)
    except BindError as error:  # another jamd has the usual ports
        usual = config.Config()
        if (chosen.zmq, chosen.control) != (usual.zmq, usual.control):
            raise
        click.echo(f"jamd: {error}; this one takes other ports", err=True)
        free = "tcp://127.0.0.1:*"
        return App(replace(chosen, zmq=config.Zmq(free, free), control=config.Control(address=free)))


def _wished(wish: Wish) -> Jam:
    return Jam(on=True, mode=wish.mode or None, style=wish.style or None, tempo_bpm=wish.tempo_bpm or None)


def _do(app: App, commands: list[Command]) -> None:
    """Raises JamError for a command that is refused at once."""
    answers: list[dict[str, Any]] = []
    app.console.desk.submit(commands, answers.append)
    if answers and "error" in answers[0]:
        raise JamError(answers[0]["error"]["text"])


def _turn(app: App, keys: Keys, view: JamView) -> None:
    for key in keys.pressed():
        if key == "q":
            app.stop()
            continue
        try:
            said, command = order(key, app.console.desk.book.jam)
            if command is not None:
                _do(app, [command])
                view.done = said
        except UserError as error:
            view.news = str(error)
    view.render()


def order(key: str, table: dict[str, Any]) -> tuple[str, Command | None]:
    """What a key means, in words and as a command, where the band's table is this; None: nothing."""
    if key in MODES:
        return f"mode: {MODES[key]}", Jam(mode=MODES[key])
    if key == " ":
        return "cue", JamCue()
    if key == "p":
        return "all notes off", JamPanic()
    if key in STEPS:
        from daemon.generate.live.jam import SOLO, read

        name, step = STEPS[key]
        now = getattr(read(table)[0].constraints(SOLO), name)
        low, high = RANGES[name]
        value = round(min(high, max(low, now + step)), 2)
        return f"{name} {value:g}", JamPart(part=SOLO, constraints={name: value})
    return "", None


class _Tally:
    """What is told at the end."""

    def __init__(self) -> None:
        self._phrases = self._answers = self._late = self._beats = 0
        self._deadlines = m.Deadlines(ready={}, late={})

    def take(self, message: m.Message) -> None:
        """A message of the bus."""
        match message:
            case m.Phrase():
                self._phrases += 1
            case m.Answer():
                self._answers += 1
                self._late += message.late
            case m.Accompaniment():
                self._beats += 1
            case m.Deadlines():
                self._deadlines = msgspec.structs.replace(message)

    def said(self) -> str:
        """One line."""
        ready, late = sum(self._deadlines.ready.values()), sum(self._deadlines.late.values())
        kept = f"; {ready} of {ready + late} deadlines kept" if ready + late else ""
        return (
            f"{self._phrases} phrases heard, {self._answers} answered ({self._late} by rule because the network was late), "
            f"{self._beats} beats accompanied{kept}"
        )
