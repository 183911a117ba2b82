"""What App wires beside the engine and MIDI: each room hears every message, has its turn, and may publish."""

from typing import Protocol

import zmq

from daemon import messages as m

PATIENT_MS = 100
"""For how long a room may wait that expects nothing."""


class Room(Protocol):
    """All [main]; none of it blocks or raises."""

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know whom to wait for, as it is now; gives for how many ms it may."""

    def feed(self, message: m.Message) -> None:
        """A message as it is published."""

    def begin(self, rate: int) -> None:
        """An engine runs: sample times begin anew, at `rate` Hz."""

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended; gives what is to be published."""

    def turn(self, now: int) -> list[m.Message]:
        """Do what is due; gives what is to be published. `now`: the stream's sample time."""

    def close(self) -> None:
        """End what goes out, safely: no note, no light, no tempo is left to itself."""
