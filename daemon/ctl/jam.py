"""`jamd ctl jam`: the band that plays along, from a shell."""

from typing import Any

import click

from daemon.ctl.asking import asks

PARTS = click.Choice(["answer", "harmony", "chords", "bass", "drums", "counter"])


@click.group()
def jam() -> None:
    """The band: how it plays, who plays what, and the performer's signs.

    \b
      jamd ctl jam show
      jamd ctl jam mode trade --bars 4
      jamd ctl jam part bass --generator walking --channel 3
      jamd ctl jam part answer closeness=0.2 temperature=1.2 key="D minor"
      jamd ctl jam cue
    """


@jam.command()
@asks
def show() -> dict[str, Any]:
    """How the band plays now."""
    return {"cmd": "jam_show"}


@jam.command("on")
@asks
def on_() -> dict[str, Any]:
    """Let the band play."""
    return {"cmd": "jam", "on": True}


@jam.command()
@asks
def off() -> dict[str, Any]:
    """Let nobody play along."""
    return {"cmd": "jam", "on": False}


@jam.command()
@click.argument("mode")
@click.option("--bars", type=int, help="How many bars a turn has, 1 to 16.")
@asks
def mode(mode: str, bars: int | None) -> dict[str, Any]:
    """Play in MODE: answer, accompany, continue, trade or loop."""
    return {"cmd": "jam", "mode": mode, "bars": bars}


@jam.command("set")
@click.option("--bars", type=int, help="How many bars a turn has, 1 to 16.")
@click.option("--style", help="One of presets/styles, or a file's path.")
@click.option("--tempo", "tempo_bpm", type=float, help="Beats a minute.")
@click.option("--pulse", help="fixed, played, heard or clock: where the beat comes from.")
@click.option("--meter", help="Such as 4/4 or 6/8.")
@click.option("--closing", help="rest, bars, pedal or cue: what ends a phrase.")
@click.option("--hears", help="both, midi or sound.")
@click.option("--seed", type=int, help="The same seed answers the same notes in the same way.")
@asks
def set_(**rest: Any) -> dict[str, Any]:
    """Change what is given."""
    return {"cmd": "jam", **rest}


@jam.command()
@click.argument("part", type=PARTS)
@click.argument("constraints", nargs=-1)
@click.option("--on/--off", "on", default=None)
@click.option("--generator", help="By name; `jamd ctl jam part X --generator ?` lists them.")
@click.option("--channel", type=int, help="MIDI channel 1 to 16; 0: the part's usual one.")
@click.option("--port", "ports", multiple=True, help="generator, jack, or a MIDI output by name; may be repeated.")
@asks
def part(part: str, constraints: tuple[str, ...], ports: tuple[str, ...], **rest: Any) -> dict[str, Any]:
    """Change a PART: on or off, who plays it and where, and constraints as NAME=VALUE (NAME= for the style's own)."""
    said = {}
    for one in constraints:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"{one!r}: give NAME=VALUE, such as closeness=0.2")
        said[name] = _value(value)
    return {"cmd": "jam_part", "part": part, "ports": list(ports) or None, "constraints": said or None, **rest}


@jam.command()
@asks
def cue() -> dict[str, Any]:
    """The sign: the phrase ends here; jamd takes over or stops; the loop is recorded anew."""
    return {"cmd": "jam_cue"}


@jam.command()
@asks
def panic() -> dict[str, Any]:
    """End every note of the band's now."""
    return {"cmd": "jam_panic"}


def _value(text: str) -> Any:
    """A number where it is one, else the text; nothing where it is empty."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None
