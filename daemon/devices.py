"""`jamd devices`: every place sound and MIDI can come from or go to, by the names that a config takes."""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

import click

from daemon.engine.driver import DriverError
from daemon.errors import UserError
from daemon.midi import api as midi_api


def run(as_json: bool) -> int:
    """Print what is there, and for what is not the line that mends it."""
    found = {"sound_cards": _tried(sound_cards), "jack": _tried(jack), "midi": _tried(midi)}
    if as_json:
        click.echo(json.dumps(found))
        return 0
    for title, rows in (
        ("Sound cards (PortAudio): [engine] device = INDEX or a part of the NAME", _cards(found["sound_cards"])),
        ("JACK: [engine] device = what the names begin with", _jack(found["jack"])),
        ("MIDI: [midi] inputs, outputs = a part of the name", _midi(found["midi"])),
    ):
        click.echo(f"{click.style(title, bold=True)}\n" + "".join(f"  {row}\n" for row in rows))
    click.echo("configs/default.toml shows where these names go.")
    return 0


def _tried(look: Any) -> dict[str, Any]:
    try:
        return look()
    except UserError as error:
        return {"error": str(error)}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what C libraries print while they probe off the standard error. [main]"""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def sound_cards() -> dict[str, Any]:
    """PortAudio's devices. Raises DriverError."""
    from daemon.engine.portaudio import library

    with quiet():
        sd = library()
        cards, apis, default = list(sd.query_devices()), sd.query_hostapis(), list(sd.default.device)
    return {
        "devices": [
            {
                "index": card["index"],
                "name": card["name"],
                "api": apis[card["hostapi"]]["name"],
                "inputs": card["max_input_channels"],
                "outputs": card["max_output_channels"],
                "rate": round(card["default_samplerate"]),
                "default": [kind for kind, index in zip(("in", "out"), default, strict=True) if index == card["index"]],
            }
            for card in cards
        ]
    }


def jack() -> dict[str, Any]:
    """The running JACK server and its ports. Raises DriverError."""
    try:
        import jack as library
    except OSError:
        raise DriverError("the JACK library is not installed: sudo apt install jackd2") from None
    library.set_error_function(lambda message: None)
    library.set_info_function(lambda message: None)
    try:
        client = library.Client("jamd-look", no_start_server=True)
    except library.JackOpenError:
        raise DriverError("no JACK server is running: start one (jackd, qjackctl)") from None
    try:
        ports = [
            {
                "name": port.name,
                "kind": "MIDI" if port.is_midi else "audio",
                "direction": "to play to" if port.is_input else "to listen to",
                "physical": port.is_physical,
            }
            for port in client.get_ports()
        ]
        return {"rate": client.samplerate, "block_size": client.blocksize, "ports": ports}
    finally:
        client.close()


def midi() -> dict[str, Any]:
    """The MIDI ports that rtmidi sees. Raises MidiError."""
    return {kind: _midi_ports(direction) for kind, direction in (("inputs", "in"), ("outputs", "out"))}


def _midi_ports(direction: Any) -> list[str]:
    with quiet():
        client = midi_api.make(direction, "auto")
        try:
            return list(client.get_ports())
        finally:
            client.delete()


def _cards(found: dict[str, Any]) -> list[str]:
    if "error" in found:
        return [found["error"]]
    rows = [
        f"{card['index']:3} {'*' if card['default'] else ' '} {card['name']:40} {card['inputs']:3} in"
        f" {card['outputs']:3} out {card['rate']:6} Hz  {card['api']}"
        for card in found["devices"]
    ]
    return rows or ["none: no sound card is plugged in, or its driver is not loaded"]


def _jack(found: dict[str, Any]) -> list[str]:
    if "error" in found:
        return [found["error"]]
    rows = [f"a server runs at {found['rate']} Hz with blocks of {found['block_size']}"]
    return rows + [f"    {port['name']:40} {port['kind']}, {port['direction']}" for port in found["ports"]]


def _midi(found: dict[str, Any]) -> list[str]:
    if "error" in found:
        return [found["error"]]
    rows = [f"{kind[:-1]:7} {name}" for kind in ("inputs", "outputs") for name in found[kind]]
    return rows or ["no ports: plug a keyboard in, or start a program with a MIDI port"]
