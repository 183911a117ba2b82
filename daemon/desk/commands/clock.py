"""Commands on the clock: who leads, the tempo, a tap, start and stop."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.desk.commands.command import Command

Tempo = Annotated[float, Meta(ge=20.0, le=400.0, description="beats a minute, 20 to 400")]


class Clock(Command, tag="clock"):
    """What is given becomes so: `source` leads from now on (`auto`: the first of the config's that is there)."""

    source: Literal["auto", "link", "midi_clock", "tap", "beats", "fixed"] | None = None
    tempo_bpm: Tempo | None = None


class ClockTap(Command, tag="clock_tap"):
    """Here is a beat; two or more in a row say the tempo too."""


class ClockRun(Command, tag="clock_run"):
    """Start from the first beat, stop, or go on from where it stopped."""

    to: Literal["start", "stop", "continue"]


class ClockShow(Command, tag="clock_show"):
    """The transport, and what became of each source."""


OWN = (Clock, ClockTap, ClockRun, ClockShow)
