"""`jamd ctl` while building a rack: chains, plugins, snapshots, mappings, files."""

from collections.abc import Callable
from typing import Any

import click

from daemon.ctl.asking import asks


@click.command()
@click.argument("plugin")
@click.argument("source", default="")
@asks
def side(plugin: str, source: str) -> dict[str, Any]:
    """What a PLUGIN's side-chain hears: SOURCE is a chain, input, input:1, input:2; nothing without."""
    return {"cmd": "side", "plugin": plugin, "side": source}


@click.command()
@click.argument("chain")
@click.argument("plugin")
@click.option("--name", help="What it is called in the rack; default: after its title.")
@click.option("--at", type=int, help="Its place in the chain, from 1; default: the end.")
@click.option("--bypass", is_flag=True, default=None, help="Bypassed for now.")
@click.option("--mix", type=float, help="How much of it is heard, 0.0 to 1.0.")
@click.option("--side", help="What its side-chain hears.")
@asks
def add(chain: str, plugin: str, **rest: Any) -> dict[str, Any]:
    """Add a PLUGIN to a CHAIN, by its full name or a unique part of it.

    \b
      jamd ctl add guitar zamcomp --name comp --at 1
      jamd ctl add guitar lv2:urn:zamaudio:ZamCompX2
    """
    return {"cmd": "add", "chain": chain, "plugin": plugin, **rest}


@click.command()
@click.argument("plugin")
@asks
def remove(plugin: str) -> dict[str, Any]:
    """Take a PLUGIN out."""
    return {"cmd": "remove", "plugin": plugin}


@click.command()
@click.argument("plugin")
@click.option("--chain", help="To this chain.")
@click.option("--at", type=int, help="To this place, from 1; default: the end.")
@asks
def move(plugin: str, chain: str | None, at: int | None) -> dict[str, Any]:
    """Move a PLUGIN to another place, or to another chain."""
    return {"cmd": "move", "plugin": plugin, "chain": chain, "at": at}


@click.command()
@click.argument("plugin")
@click.argument("by")
@click.option("--name", help="What the new one is called; default: after its title.")
@asks
def replace(plugin: str, by: str, name: str | None) -> dict[str, Any]:
    """Put another plugin, BY, in the place of PLUGIN."""
    return {"cmd": "replace", "plugin": plugin, "by": by, "name": name}


@click.command()
@click.argument("preset", default="")
@click.option("--force", is_flag=True, default=None, help="Also over a file of which not all could be read.")
@asks
def save(preset: str, force: bool | None) -> dict[str, Any]:
    """Save the rack to the file it was loaded from, or to another PRESET."""
    from daemon.ctl.client import preset_path

    return {"cmd": "save", "preset": preset_path(preset) if preset else "", "force": force}


@click.command()
@click.argument("plugin", default="")
@click.argument("param", default="")
@click.option("--snapshot", help="For this snapshot, by name or by number from 1.")
@click.option("--lo", type=float, help="The normalised value at the control's lowest.")
@click.option("--hi", type=float, help="And at its highest; below --lo it works the other way round.")
@click.option("--off", is_flag=True, default=None, help="Learn nothing any more.")
@asks
def learn(plugin: str, param: str, **rest: Any) -> dict[str, Any]:
    """Let the next MIDI control that you move work a PLUGIN's PARAM, its bypass (no PARAM), or a snapshot."""
    return {"cmd": "learn", "plugin": plugin, "param": param, **rest}


@click.group()
def chain() -> None:
    """Chains: add, set, remove."""


def _levels(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a chain."""
    for option in reversed(
        (
            click.option("--input", help="input, input:1, input:2 or none."),
            click.option("--to", help="main, or another chain."),
            click.option("--gain", "gain_db", type=float, help="dB, -90 to 24."),
            click.option("--pan", type=float, help="-1.0 (left) to 1.0."),
            click.option("--mix", type=float, help="Of all its plugins, 0.0 to 1.0."),
            click.option("--mute/--no-mute", default=None),
            click.option(
                "--midi", multiple=True, help="A MIDI input by name, jack, generator or all; may be repeated."
            ),
            click.option("--channel", type=int, help="MIDI channel 1 to 16, 0 for all."),
            click.option(
                "--midi-out/--no-midi-out", default=None, help="Its plugins' MIDI leaves by the engine's output."
            ),
            click.option("--isolate/--no-isolate", default=None, help="In a process of its own."),
            click.option("--send", "sends", multiple=True, help="CHAIN or CHAIN=dB; may be repeated; none: no sends."),
        )
    ):
        command = option(command)
    return command


def _chain(cmd: str, name: str, midi: tuple[str, ...], sends: tuple[str, ...], **rest: Any) -> dict[str, Any]:
    parts = [send.partition("=") for send in sends if send != "none"]
    try:
        said = [{"to": to, "gain_db": float(gain or 0.0)} for to, _, gain in parts]
    except ValueError:
        raise click.BadParameter("--send: give CHAIN or CHAIN=dB, such as echo=-12") from None
    return {"cmd": cmd, "chain": name, "midi": list(midi) or None, "sends": said if sends else None, **rest}


@chain.command("add")
@click.argument("name")
@_levels
@click.option("--at", type=int, help="Its place, from 1; default: the end.")
@asks
def chain_add(name: str, **rest: Any) -> dict[str, Any]:
    """A new chain NAME."""
    return _chain("chain_add", name, **rest)


@chain.command("set")
@click.argument("name")
@_levels
@asks
def chain_set(name: str, **rest: Any) -> dict[str, Any]:
    """Change what is given of the chain NAME.

    \b
      jamd ctl chain set guitar --gain -6 --send echo=-12 --send room=-6
    """
    return _chain("chain_set", name, **rest)


@chain.command("remove")
@click.argument("name")
@asks
def chain_remove(name: str) -> dict[str, Any]:
    """Take the chain NAME out, with its plugins."""
    return {"cmd": "chain_remove", "chain": name}


@click.group()
def snapshot() -> None:
    """Snapshots: recall, take, remove."""


@snapshot.command("recall")
@click.argument("name")
@click.option("--morph", "morph_s", type=float, help="Take so many seconds.")
@asks
def recall(name: str, morph_s: float | None) -> dict[str, Any]:
    """Recall the snapshot NAME, or by its number from 1; nothing is loaded."""
    return {"cmd": "snapshot", "snapshot": int(name) if name.isdigit() else name, "morph_s": morph_s}


@snapshot.command("take")
@click.argument("name")
@click.option("--morph", "morph_s", type=float, help="How long a recall is to take.")
@asks
def take(name: str, morph_s: float | None) -> dict[str, Any]:
    """Keep how it sounds now as the snapshot NAME; `jamd ctl save` writes it to the preset."""
    return {"cmd": "snapshot_take", "name": name, "morph_s": morph_s}


@snapshot.command("remove")
@click.argument("name")
@asks
def snapshot_remove(name: str) -> dict[str, Any]:
    """Take the snapshot NAME out."""
    return {"cmd": "snapshot_remove", "snapshot": int(name) if name.isdigit() else name}


@click.group("map")
def map_() -> None:
    """What MIDI controls do: list, remove; `jamd ctl learn` adds."""


@map_.command("list")
@asks
def map_list() -> dict[str, Any]:
    """All mappings, with their numbers."""
    return {"cmd": "map_list"}


@map_.command("remove")
@click.argument("number", type=int)
@asks
def map_remove(number: int) -> dict[str, Any]:
    """Take mapping NUMBER out."""
    return {"cmd": "map_remove", "number": number}
