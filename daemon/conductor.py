"""The conductor: what App needs of the clock, which follows whoever leads and tells all who follow."""

from collections.abc import Sequence

import zmq

from daemon import messages as m
from daemon.config import Clock
from daemon.desk.commands.command import Command
from daemon.engine.supervisor import Supervisor
from daemon.midi.desk import MidiDesk
from daemon.midi.message import MidiMessage
from daemon.room import PATIENT_MS
from daemon.service.router import Reply


class Conductor:
    """[main]"""

    def __init__(self, config: Clock, midi: MidiDesk, supervisor: Supervisor) -> None: ...

    def hear(self, message: MidiMessage) -> None:
        """Any MIDI message that came in: clock, start, stop, continue, song position are for here."""

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.clock) carried out."""
        reply({"error": {"code": 501, "text": "there is no clock yet"}})

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
