"""The lighting desk: what App needs of the lights, whose process runs where the config says where light goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from daemon import messages as m
from daemon.config import Lights
from daemon.desk.commands import lights
from daemon.desk.commands.command import Command
from daemon.desk.desk import RackDesk
from daemon.engine.link import Memory
from daemon.engine.state import N_CAPTURE, STATE
from daemon.room import PATIENT_MS
from daemon.service.router import Reply

if TYPE_CHECKING:
    from daemon.lights.worker import Worker

NOWHERE = 'lights go nowhere: give [lights] sacn, artnet or os2l in the config, such as sacn = ["127.0.0.1"]'
CHROMA_S = 0.05  # between two chromas that a show is told
FOLLOWED = (m.Transport, m.Onset, m.Section, m.Chord, m.Key, m.MidiNote, m.MidiControl, m.JamNote)


class Lighting:
    """[main]"""

    def __init__(self, config: Lights, memory: Memory, desk: RackDesk) -> None:
        """Starts the process where light is to go anywhere. Raises LightError, Os2lError."""
        self._config, self._desk = config, desk
        self._worker: Worker | None = None
        self._table: dict[str, Any] | None = None
        self._state = m.Lights(state="off", error=NOWHERE)
        self._rate, self._chroma_at = 48000, 0
        if not (config.sacn or config.artnet or config.os2l):
            return
        from daemon.lights import worker
        from daemon.lights.link import Open

        opening = Open(
            config.sacn,
            config.artnet,
            config.os2l,
            config.priority,
            config.latency_ms,
            config.os2l_latency_ms,
            _place(memory),
        )
        self._worker = worker.Worker(opening)

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._worker.pid if self._worker else 0

    @property
    def drops(self) -> int:
        """Packets for which the network had no room."""
        return self._worker.drops if self._worker else 0

    def check(self, values: dict[str, Any]) -> list[str]:
        """A line for each thing in a [lights] table that cannot be."""
        if not values:
            return []
        from daemon.lights.show import read

        return read(values)[1]

    def safe(self, why: str) -> None:
        """Have the lights go to their safe look now, until they are told to go on."""
        if self._worker is not None:
            self._worker.to("safe", why=why)

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.lights) carried out."""
        if self._worker is None:
            reply({"error": {"code": 409, "text": NOWHERE}})
            return
        results: list[dict[str, Any]] = []
        for command in commands:
            if isinstance(command, lights.Lights):
                given = {name: value for name in ("to", "master") if (value := getattr(command, name)) is not None}
                if not check:
                    master = -1.0 if command.master is None else command.master
                    self._worker.to({"go": "on", None: ""}.get(command.to, command.to or ""), master)
                results.append(given)
            else:
                results.append(self._show())
        reply({"ok": True, "results": results})

    def latencies(self) -> dict[str, float]:
        """ms by which each output is sent earlier than its music sounds."""
        config = self._config
        if self._worker is None:
            return {}
        return {"lights": config.latency_ms} | ({"os2l": config.os2l_latency_ms} if config.os2l else {})

    def attend(self, poller: zmq.Poller) -> int:
        if self._worker is not None and self._worker.socket not in poller:
            poller.register(self._worker.socket, zmq.POLLIN)
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        if self._worker is None:
            return
        if isinstance(message, FOLLOWED):
            self._worker.follow(message)
        elif isinstance(message, m.Chroma) and message.sample_time >= self._chroma_at:
            self._chroma_at = message.sample_time + round(CHROMA_S * self._rate)
            self._worker.follow(message)

    def begin(self, rate: int) -> None:
        self._rate, self._chroma_at = rate, 0
        if self._worker is not None:
            self._worker.stream(rate)

    def end(self, now: int) -> list[m.Message]:
        if self._worker is not None:
            self._worker.stream(0)
        return []

    def turn(self, now: int) -> list[m.Message]:
        if self._worker is None:
            return []
        if self._desk.book.lights is not self._table:
            self._table = self._desk.book.lights
            self._worker.table(self._table)
        said = self._worker.turn()
        for message in said:
            message.sample_time = message.known_at = now
            if isinstance(message, m.Lights):
                self._state = message
        return said

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def _show(self) -> dict[str, Any]:
        config = self._config
        where = {"sacn": config.sacn, "artnet": config.artnet, "os2l": config.os2l}
        state = {name: getattr(self._state, name) for name in ("state", "master", "error", "fixtures")}
        return {**msgspec.to_builtins(where), **state, "latency_ms": config.latency_ms}


def _place(memory: Memory) -> Any:
    """Where the lights process finds the newest sound, the clock, and whether the daemon lives."""
    from daemon.lights.link import Place

    capture, count, epoch, dll, pulse = (
        STATE.fields[name][1]  # type: ignore[index]
        for name in ("capture", "sample_time", "epoch", "dll", "daemon_pulse")
    )
    return Place(memory.fd, STATE.itemsize, capture, N_CAPTURE, count, epoch, dll, pulse)
