"""The alarm: whatever sounds or shines is ended at once, whoever asks for it."""

from collections.abc import Sequence

import zmq

from daemon import messages as m
from daemon.desk.commands.command import Command
from daemon.engine.supervisor import Supervisor
from daemon.lighting import Lighting
from daemon.midi.desk import MidiDesk
from daemon.room import PATIENT_MS
from daemon.service.router import Reply


class Alarm:
    """[main]"""

    def __init__(self, supervisor: Supervisor, midi: MidiDesk, lighting: Lighting) -> None: ...

    def panic(self, why: str) -> None:
        """End everything now."""

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.panic) carried out."""
        reply({"error": {"code": 501, "text": "there is no alarm yet"}})

    def attend(self, poller: zmq.Poller) -> int:
        return PATIENT_MS

    def feed(self, message: m.Message) -> None: ...

    def begin(self, rate: int) -> None: ...

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        return []

    def close(self) -> None: ...
