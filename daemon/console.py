"""The console: what App needs of the rack's desk, the control socket and the hands on MIDI, in one place."""

import os
import signal
from collections.abc import Mapping
from typing import Any

import zmq

from daemon import messages as m
from daemon.config import Config
from daemon.curve import Gate
from daemon.desk.commands import decode
from daemon.desk.commands.elsewhere import ROOMS
from daemon.desk.commands.presets import Load
from daemon.desk.desk import RackDesk
from daemon.desk.hands import Hands
from daemon.desk.shelf import Catalogue
from daemon.engine.supervisor import Supervisor
from daemon.errors import UserError
from daemon.service.router import Reply, Router, Submit


class ConsoleError(UserError):
    """A preset that cannot be loaded at the start."""


class Console:
    """Made before the first engine is started. [main]"""

    def __init__(self, config: Config, supervisor: Supervisor, gate: Gate) -> None:
        """Bind the control socket and load the preset. Raises BindError, ConsoleError."""
        self._supervisor = supervisor
        self.others: Mapping[str, Submit] = {}  # who do what is not the desk's, by daemon.desk.commands.elsewhere
        self.router: Router | None = None
        self.desk = RackDesk(Catalogue(), supervisor.state["block"][0])
        self.hands = Hands(self.desk, self._of_hands)
        supervisor.on_start = self.desk.begin
        self._fd = -1  # the desk's, as the poller knows it
        try:
            if config.rack.preset:
                self.desk.submit([Load(config.rack.preset)], _loaded, "preset")
            if config.control.address != "off":
                self.router = Router(config.control.address, decode, self.submit, gate)
        except BaseException:
            self.desk.close()
            raise

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know what to wait for, as it is now; gives for how many ms it may."""
        if self.router is not None and self.router.socket not in poller:
            poller.register(self.router.socket, zmq.POLLIN)
        if self._fd != self.desk.fd:
            if self._fd >= 0:
                poller.unregister(self._fd)
            self._fd = self.desk.fd
            if self._fd >= 0:
                poller.register(self._fd, zmq.POLLIN)
        return 5 if self.desk.is_pressed else 100

    def turn(self, now: int) -> list[m.Message]:
        """Take requests, hear the engine; gives what is to be published. `now`: the stream's sample time."""
        if self.router is not None:
            self.router.turn()
        if self.desk.hangs() and self._supervisor.pid:
            os.kill(self._supervisor.pid, signal.SIGKILL)
        return self.desk.turn(now)

    def close(self) -> None:
        """Answer nobody any more."""
        self.desk.close()
        if self.router is not None:
            self.router.close()

    def submit(self, commands: Any, reply: Reply, check: bool = False) -> None:
        """Have commands carried out by whose they are; `reply` is called once, now or later."""
        for whose, kinds in ROOMS.items():
            if commands and all(isinstance(command, kinds) for command in commands):
                self.others[whose](commands, reply, check)
                return
        self.desk.submit(commands, reply, "ctl", check)

    def _of_hands(self, command: Any) -> None:
        """Hands do not read answers; what changed is published."""
        self.submit([command], lambda answer: None, False)


def _loaded(answer: dict[str, Any]) -> None:
    """A preset that is not there ends the start; what is wrong within one is published."""
    if "error" in answer:
        raise ConsoleError(f"rack.preset: {answer['error']['text']}")
