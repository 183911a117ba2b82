"""`jamd ctl lights`: the light show, from a shell."""

from typing import Any

import click

from daemon.ctl.asking import asks


@click.group()
def lights() -> None:
    """The light show: what it does, and how bright.

    \b
      jamd ctl lights show
      jamd ctl lights blackout               dark, until `go`
      jamd ctl lights safe                   the preset's safe look, until `go`
      jamd ctl lights go
      jamd ctl lights master 0.6
    """


@lights.command()
@asks
def show() -> dict[str, Any]:
    """Where light goes, the fixtures, and the state."""
    return {"cmd": "lights_show"}


@lights.command()
@asks
def go() -> dict[str, Any]:
    """Let the show go on."""
    return {"cmd": "lights", "to": "go"}


@lights.command()
@asks
def blackout() -> dict[str, Any]:
    """All dark."""
    return {"cmd": "lights", "to": "blackout"}


@lights.command()
@asks
def safe() -> dict[str, Any]:
    """The safe look, steady."""
    return {"cmd": "lights", "to": "safe"}


@lights.command()
@click.argument("level", type=click.FloatRange(0.0, 1.0))
@asks
def master(level: float) -> dict[str, Any]:
    """How bright all is, LEVEL 0 to 1."""
    return {"cmd": "lights", "master": level}
