"""The front of house: what App needs of the page and the services, whose process starts when somebody comes."""

from collections.abc import Sequence

import zmq

from daemon import messages as m
from daemon.desk.commands.command import Command
from daemon.room import PATIENT_MS
from daemon.service.router import Reply


class Front:
    """[main]"""

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.services) carried out; `reply` is called once, now or later."""
        reply({"error": {"code": 409, "text": "not there yet"}})

    def attend(self, poller: zmq.Poller) -> int:
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        pass

    def begin(self, rate: int) -> None:
        pass

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        return []

    def close(self) -> None:
        pass
