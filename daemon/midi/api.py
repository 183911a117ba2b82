"""The way to rtmidi: which API, which port, and errors of one line. The only file that imports it.

rtmidi's wheel carries a libjack of its own, which does not find PipeWire's JACK; so "auto" takes the platform's own
MIDI first and JACK only where there is none.
"""

import os
import sys
from typing import Any, Literal

from daemon.errors import UserError

Api = Literal["auto", "alsa", "jack"]
"""`auto`: ALSA, CoreMIDI or Windows MM; JACK where there is no such."""

SEQUENCER = "/dev/snd/seq"


class MidiError(UserError):
    """A MIDI port or API that cannot be had; the text is one line with the remedy."""


def resolve(api: Api) -> Literal["native", "jack"]:
    """What `api` means here. Raises MidiError."""
    if api == "jack":
        return "jack"
    if not sys.platform.startswith("linux") or os.path.exists(SEQUENCER):
        return "native"
    if api == "alsa":
        raise MidiError(f"ALSA has no MIDI here ({SEQUENCER} is missing): sudo modprobe snd-seq, or take JACK's")
    return "jack"


def is_jack(api: Api) -> bool:
    """Whether the ports are JACK's: then a JackWatch is needed."""
    try:
        return resolve(api) == "jack"
    except MidiError:
        return False


def has_virtual(api: Api) -> bool:
    """Whether a program can offer ports of its own; Windows MM is the one that lacks them."""
    return sys.platform != "win32" or api == "jack"


def make(direction: Literal["in", "out"], api: Api) -> Any:
    """An rtmidi.MidiIn or MidiOut, a client of its own named jamd-in or jamd-out. Raises MidiError. [main]"""
    import rtmidi

    if resolve(api) == "jack":
        code, remedy = rtmidi.API_UNIX_JACK, "start one (jackd, qjackctl)"
    else:
        native = [code for code in rtmidi.get_compiled_api() if code != rtmidi.API_UNIX_JACK]
        code, remedy = native[0] if native else rtmidi.API_UNSPECIFIED, "another program may hold it"
    kind = rtmidi.MidiIn if direction == "in" else rtmidi.MidiOut
    try:
        return kind(code, name=f"jamd-{direction}")
    except (rtmidi.RtMidiError, rtmidi.SystemError) as error:
        said = str(error).rpartition("::")[2].partition(": ")[2] or str(error)  # less the name of rtmidi's method
        raise MidiError(f"no MIDI: {said.strip(' ?')}: {remedy}") from None


def find(client: Any, wanted: str) -> int:
    """The index of the port of this very name, or else the one whose name holds it. Raises MidiError that lists all."""
    names = client.get_ports()
    if wanted in names:
        return int(names.index(wanted))
    holding = [index for index, name in enumerate(names) if wanted.lower() in name.lower()]
    if len(holding) == 1:
        return holding[0]
    if holding:
        which = ", ".join(repr(names[index]) for index in holding)
        raise MidiError(f"MIDI port {wanted!r} could be any of {which}; give more of its name")
    there = ", ".join(repr(name) for name in names) or "none at all"
    raise MidiError(f"there is no MIDI port {wanted!r}; there is {there}")
