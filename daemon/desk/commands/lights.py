"""Commands on the light show."""

from typing import Annotated, Literal

from msgspec import Meta

from daemon.desk.commands.command import Command

Part = Annotated[float, Meta(ge=0.0, le=1.0, description="0 to 1")]


class Lights(Command, tag="lights"):
    """What is given becomes so. `to`: go (the show), blackout, or safe (the preset's safe look)."""

    to: Literal["go", "blackout", "safe"] | None = None
    master: Part | None = None


class LightsShow(Command, tag="lights_show"):
    """The show's state, its fixtures, and where it goes."""


OWN = (Lights, LightsShow)
