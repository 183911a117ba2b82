"""Commands that others than the rack's desk carry out: each of them in batches of its own."""

from typing import Any

from daemon.desk.commands import clock, lights, models, panic, services, suggestions, takes
from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft
from daemon.errors import Refused

ROOMS: dict[str, tuple[type[Command], ...]] = {
    "recommender": suggestions.OWN,
    "clock": clock.OWN,
    "lights": lights.OWN,
    "panic": panic.OWN,
    "services": services.OWN,
    "recorder": takes.OWN,
    "models": models.OWN,
}
"""Who carries them out."""


def elsewhere(draft: Draft, command: Command) -> Any:
    """Raises Refused: among the rack's commands they cannot be done."""
    whose = next(room for room, commands in ROOMS.items() if isinstance(command, commands))
    raise Refused(409, f"{command.__struct_config__.tag}: the {whose}'s commands go in a batch of their own")
