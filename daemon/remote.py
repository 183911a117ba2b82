"""The remote: what App needs of Open Sound Control, in and out."""

from collections.abc import Callable, Sequence
from typing import Any

import zmq

from daemon import messages as m
from daemon.config import Osc
from daemon.desk.commands.command import Command
from daemon.room import PATIENT_MS


class Remote:
    """[main]"""

    def __init__(
        self, config: Osc, submit: Callable[[Sequence[Command], Callable[[dict[str, Any]], None]], None]
    ) -> None:
        """`submit` has commands of any kind carried out."""

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
