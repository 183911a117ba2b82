"""The lighting desk: what App needs of the lights, whose process runs where a preset or the config asks for it."""

from collections.abc import Sequence
from typing import Any

import zmq

from daemon import messages as m
from daemon.config import Lights
from daemon.desk.commands.command import Command
from daemon.desk.desk import RackDesk
from daemon.engine.link import Memory
from daemon.room import PATIENT_MS
from daemon.service.router import Reply


class Lighting:
    """[main]"""

    def __init__(self, config: Lights, memory: Memory, desk: RackDesk) -> None: ...

    def check(self, values: dict[str, Any]) -> list[str]:
        """A line for each thing in a [lights] table that cannot be."""
        return []

    def safe(self, why: str) -> None:
        """Have the lights go to their safe look now, until they are told to go on."""

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.lights) carried out."""
        reply({"error": {"code": 501, "text": "there are no lights yet"}})

    def latencies(self) -> dict[str, float]:
        """ms by which each output is sent earlier than its music sounds."""
        return {}

    def attend(self, poller: zmq.Poller) -> int:
        return PATIENT_MS

    def feed(self, message: m.Message) -> None: ...

    def begin(self, rate: int) -> None: ...

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        return []

    def close(self) -> None: ...
