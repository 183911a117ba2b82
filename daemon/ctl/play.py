"""`jamd ctl` while playing: look, set, bypass, load, several at once."""

import sys
from typing import Any

import click

from daemon.ctl.asking import ADDRESS, asks
from daemon.options import with_key

_SETTINGS = {"ignore_unknown_options": True}  # -20 is a value


@click.command("list")
@asks
def list_() -> dict[str, Any]:
    """The rack: chains, plugins, how much they work, snapshots."""
    return {"cmd": "list"}


@click.command()
@click.argument("words", nargs=-1)
@asks
def plugins(words: tuple[str, ...]) -> dict[str, Any]:
    """Plugins that could be added, with all these WORDS in their names."""
    return {"cmd": "plugins", "words": " ".join(words)}


@click.command()
@click.argument("plugin")
@asks
def info(plugin: str) -> dict[str, Any]:
    """All about a PLUGIN: of the rack by its name there, or any by its full name or a part of it."""
    return {"cmd": "info", "plugin": plugin}


@click.command()
@click.argument("plugin")
@click.argument("param", default="")
@asks
def get(plugin: str, param: str) -> dict[str, Any]:
    """A PLUGIN's parameters, or one of them, with what their values mean."""
    return {"cmd": "get", "plugin": plugin, "param": param}


@click.command("set", context_settings=_SETTINGS)
@click.argument("plugin")
@click.argument("param")
@click.argument("value")
@click.option("-n", "--normalised", is_flag=True, help="VALUE is 0.0 to 1.0 over the parameter's range.")
@click.option("--step", is_flag=True, help="VALUE is by how many steps, such as +1 or -5.")
@click.option("--morph", "morph_s", type=float, help="Take so many seconds.")
@asks
def set_(plugin: str, param: str, value: str, normalised: bool, step: bool, morph_s: float | None) -> dict[str, Any]:
    """Set a PLUGIN's parameter PARAM to VALUE, as the plugin writes it: -20, "-20 dB", "Small combo".

    \b
      jamd ctl set comp thr -20
      jamd ctl set comp thr 0.7 --normalised
      jamd ctl set comp thr +1 --step
    """
    asked: dict[str, Any] = {"cmd": "set", "plugin": plugin, "param": param, "morph_s": morph_s}
    if not normalised and not step:
        return asked | {"text": value}
    try:
        return asked | {"step" if step else "value": float(value)}
    except ValueError:
        raise click.BadParameter(f"{value!r} is no number") from None


@click.command()
@click.argument("plugin")
@click.argument("state", type=click.Choice(["on", "off"]), required=False)
@asks
def bypass(plugin: str, state: str | None) -> dict[str, Any]:
    """Bypass a PLUGIN (`on`), or not (`off`); neither: the other way round."""
    return {"cmd": "bypass", "plugin": plugin, "on": None if state is None else state == "on"}


@click.command()
@click.argument("plugin")
@click.argument("part", type=float)
@asks
def mix(plugin: str, part: float) -> dict[str, Any]:
    """How much of a PLUGIN is heard: PART 0.0 (dry) to 1.0."""
    return {"cmd": "mix", "plugin": plugin, "mix": part}


@click.command()
@click.argument("plugin")
@click.argument("program")
@asks
def program(plugin: str, program: str) -> dict[str, Any]:
    """A factory PROGRAM of a PLUGIN, by number from 0 or by name."""
    return {"cmd": "program", "plugin": plugin, "program": int(program) if program.isdigit() else program}


@click.command()
@click.argument("plugin", default="")
@asks
def revive(plugin: str) -> dict[str, Any]:
    """Try a PLUGIN again that was left out because it crashed or did not open; all of them without a name."""
    return {"cmd": "revive", "plugin": plugin}


@click.command()
@click.argument("preset")
@asks
def load(preset: str) -> dict[str, Any]:
    """Load a PRESET, by name or by path, in the place of what is there; what sounds rings out."""
    from daemon.ctl.client import preset_path

    return {"cmd": "load", "preset": preset_path(preset)}


@click.command()
@click.argument("file")
@click.option("--check", is_flag=True, help="Only say whether it could be done.")
@click.option("--address", default=ADDRESS, show_default=True, help="Where the daemon listens.")
@click.option("--json", "as_json", is_flag=True, help="The daemon's answer as one JSON line.")
@with_key
def batch(file: str, check: bool, address: str, as_json: bool, key: Any) -> None:
    """Several commands at one moment, from a FILE of JSON, or from standard input (-)."""
    from daemon.ctl import client

    sys.exit(client.run(address, as_json, client.batch(file), check, key))
