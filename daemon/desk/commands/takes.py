"""The flight recorder: what just happened is kept."""

from typing import Annotated

from msgspec import Meta

from daemon.desk.commands.command import Command


class Take(Command, tag="take"):
    """Save the last `minutes` (all that is there, where none are given) as WAV, MIDI and what replays it, by a name."""

    minutes: Annotated[float, Meta(gt=0.0, le=1440.0, description="above 0, up to 1440")] | None = None
    name: str = ""


class TakeShow(Command, tag="take_show"):
    """What the recorder holds and has lost, and the takes that were saved."""


OWN = (Take, TakeShow)
