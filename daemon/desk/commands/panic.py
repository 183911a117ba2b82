"""The command for when something must end now."""

from typing import Literal

from daemon.desk.commands.command import Command


class Panic(Command, tag="panic"):
    """All notes off on every port and channel, sound faded, lights to their safe look. `over`: lights go on."""

    over: bool = False
    why: Literal["ctl", "midi", "osc"] = "ctl"  # who asks


OWN = (Panic,)
