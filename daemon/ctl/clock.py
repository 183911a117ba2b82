"""`jamd ctl clock`: the transport, from a shell."""

from typing import Any

import click

from daemon.ctl.asking import asks


@click.group()
def clock() -> None:
    """The clock: who says where the beat is.

    \b
      jamd ctl clock show
      jamd ctl clock source link            or midi_clock, tap, beats, fixed; auto
      jamd ctl clock tempo 126
      jamd ctl clock tap                    on the beat, twice or more
      jamd ctl clock start
    """


@clock.command()
@asks
def show() -> dict[str, Any]:
    """Where the music is, who leads, and what else is there."""
    return {"cmd": "clock_show"}


@clock.command()
@click.argument("name", type=click.Choice(["auto", "link", "midi_clock", "tap", "beats", "fixed"]))
@asks
def source(name: str) -> dict[str, Any]:
    """NAME leads from now on; auto: the first of the config's that is there, and taps are forgotten."""
    return {"cmd": "clock", "source": name}


@clock.command()
@click.argument("bpm", type=click.FloatRange(20.0, 400.0))
@asks
def tempo(bpm: float) -> dict[str, Any]:
    """Go at BPM beats a minute: the Link session too, where Link leads."""
    return {"cmd": "clock", "tempo_bpm": bpm}


@clock.command()
@asks
def tap() -> dict[str, Any]:
    """Here is a beat; two or more in a row say the tempo."""
    return {"cmd": "clock_tap"}


def _run(to: str, says: str) -> None:
    @clock.command(to, help=says)
    @asks
    def command() -> dict[str, Any]:
        return {"cmd": "clock_run", "to": to}


for _to, _says in (
    ("start", "Begin the song: at once at a fixed tempo, else on the next beat."),
    ("stop", "Stop the song; the beat goes on."),
    ("continue", "Go on where it stopped."),
):
    _run(_to, _says)
