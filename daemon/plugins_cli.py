"""`jamd plugins`: scan them, list them, look at one. Hooked into `daemon.cli`, which imports it when it is used."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

FILE = click.Path(path_type=Path)


@click.group()
def plugins() -> None:
    """Find LV2, VST3 and CLAP plugins, and say what they are."""


@plugins.command()
@click.argument("places", metavar="[DIR]...", nargs=-1, type=FILE)
@click.option("--again", is_flag=True, help="Also what has not changed since it was probed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: what is known afterwards.")
def scan(places: tuple[Path, ...], again: bool, as_json: bool) -> None:
    """Probe every plugin that is new or changed, each in a child process; what crashes or hangs is blocked.

    Without DIR: the standard folders, and those of LV2_PATH, CLAP_PATH and VST3_PATH. LV2 is found there only.
    """
    from daemon.plugins import scan as command

    def report(done: int, of: int, name: str, why: str) -> None:
        if not as_json and sys.stderr.isatty():
            click.echo(f"\r\033[K{done} of {of}  {name}"[:120], err=True, nl=False)
        if why:
            click.echo(f"\r\033[K{name}: {why}" if sys.stderr.isatty() else f"{name}: {why}", err=True)

    known = command.scan(places, again, report=report)
    if as_json:
        _print(_listed(known, ""))
        return
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)
    by_format: dict[str, int] = {}
    for info in known.plugins():
        by_format[info.format] = by_format.get(info.format, 0) + 1
    counts = ", ".join(f"{count} {format}" for format, count in sorted(by_format.items())) or "none"
    blocked = sum(1 for _ in known.blocked())
    click.echo(f"{sum(by_format.values())} plugins ({counts})" + (f"; {blocked} do not open" if blocked else ""))


@plugins.command("list")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_(words: tuple[str, ...], as_json: bool) -> None:
    """List jamd's own plugins and those that a scan found, with all of WORDS in title, vendor or name.

    And those that do not open.
    """
    from daemon.plugins import catalogue, verdicts

    known = verdicts.load()
    found = _listed(known, *words)
    if as_json:
        _print(found)
        return
    rows = [(one["title"], _shape(one), one["name"]) for one in found["plugins"]]
    wide = max((len(title) for title, _, _ in rows), default=0)
    for title, shape, name in rows:
        click.echo(f"{title:{wide}}  {shape:12}  {name}")
    for one in found["blocked"]:
        click.echo(f"does not open: {one['name']}: {one['why']}")
    if not rows and not found["blocked"]:
        click.echo(
            f"none of {sum(1 for _ in catalogue.plugins())} has {' '.join(words)!r} in its title, vendor or name"
        )
    if not known.files:
        click.echo("jamd: no other plugin is known yet: jamd plugins scan", err=True)


@plugins.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(name: str, as_json: bool) -> None:
    """Say what one plugin is: its ports, latency, programs, and each parameter's range and default.

    NAME is lv2:URI, clap:ID, vst3:PATH#NAME, jamd:NAME, or a part of its title.
    """
    found = _looked_at(name)
    if as_json:
        _print(found)
        return
    click.echo(f"{found['title']}  {found['version']}  {found['vendor']}".rstrip())
    click.echo(f"  {found['name']}\n  {found['path']}\n  {_shape(found)}, {found['latency_samples']} samples late")
    if found["programs"]:
        click.echo("  programs: " + ", ".join(f"{k} {program}" for k, program in enumerate(found["programs"])))
    wide = max((len(param["id"]) for param in found["params"]), default=0)
    for param in found["params"]:
        fixed = "" if param["automatable"] else "  (not to be automated)"
        texts = f"{param['least']} to {param['most']}, {param['default_text']}"
        click.echo(f"  {param['id']:{wide}}  {param['name']}: {texts}{fixed}")


def _listed(known: Any, *words: str) -> dict[str, list[dict[str, Any]]]:
    """Every plugin less its parameters, and every one that does not open, that has all the words."""
    from daemon.plugins import catalogue

    def fits(*texts: str) -> bool:
        return all(word.casefold() in " ".join(texts).casefold() for word in words)

    plugins = []
    for info in sorted(catalogue.plugins(), key=lambda info: (info.title.casefold(), info.format)):
        if fits(info.title, info.vendor, info.name):
            plugins.append({**msgspec.structs.asdict(info), "params": len(info.params)})
    blocked = [{"name": name, "why": why} for name, why in known.blocked() if fits(name)]
    return {"plugins": plugins, "blocked": blocked}


def _looked_at(name: str) -> dict[str, Any]:
    """An Info as a dict, and each parameter's texts. Raises PluginError."""
    from daemon.plugins import builtin, catalogue, verdicts
    from daemon.plugins import scan as scanning
    from daemon.plugins.plugin import PluginError

    full, path = catalogue.find(name)
    if path not in (builtin.PATH, *verdicts.load().files):  # never probed: it may crash
        for why in scanning.probe_one(full, path).blocked.values():
            raise PluginError(f"{full} does not open: {why}")
    with _quiet():
        plugin = catalogue.open_plugin(full, 48000.0, 64)
        params = []
        for param in plugin.info.params:
            said = [plugin.text(param.index, value).strip() for value in (0.0, 1.0, param.default)]
            texts = dict(zip(("least", "most", "default_text"), said, strict=True))
            params.append(msgspec.structs.asdict(param) | texts)
        found = msgspec.structs.asdict(plugin.info) | {"params": params}
        plugin.close()
    return found


def _shape(info: dict[str, Any]) -> str:
    """Channels in and out, the side-chain's, MIDI: "2+1 in 2 out"."""
    side = f"+{info['side_inputs']}" if info["side_inputs"] else ""
    midi = [" MIDI" + (" in" if info["midi_in"] else "") + (" out" if info["midi_out"] else "")]
    has_midi = info["midi_in"] or info["midi_out"]
    return f"{info['inputs']}{side} in {info['outputs']} out" + ("," + midi[0] if has_midi else "")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What plugins print goes nowhere."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in (*kept, nowhere):
            os.close(descriptor)


def _print(value: Any) -> None:
    click.echo(msgspec.json.encode(value).decode())
