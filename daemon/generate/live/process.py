"""The generator process: makes what may take long, below everything live in rank, and may be ended at any moment.

It ends with the daemon, or when the daemon's end of the socket closes. All of it runs on this process's main thread.
"""

import contextlib
import os
import select
import socket
import time
import traceback
from typing import Any

import msgspec

from daemon import registry
from daemon.child import die_with_parent, linked
from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.live.cast import Cast
from daemon.generate.live.link import (
    Alive,
    Ask,
    Cancel,
    Failed,
    FromProcess,
    Hear,
    Load,
    Made,
    Missing,
    Ready,
    ToProcess,
)
from daemon.generate.note import Note
from daemon.models.link import Use
from daemon.packets import Gone, received, tell

NICE = 10
ALIVE_S = 0.25
BUSY_S = 0.02  # while a model is made ready
WARM_TICKS = 24

_decode = msgspec.msgpack.Decoder(ToProcess).decode


def main() -> None:
    """Work until the daemon's end of the socket closes."""
    die_with_parent()
    daemon = linked(NICE)
    Maker(daemon).work()
    os._exit(0)  # what else is open ends with the process


class Maker:
    """The generators of this process, by (role, name)."""

    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._generators: dict[tuple[str, str], Any] = {}
        self._asked: dict[int, Ask] = {}  # what waits, oldest first
        self._cast = Cast(_warm)
        self._heard: Hear | None = None  # the newest

    def work(self) -> None:
        """Until the daemon has gone."""
        alive_at = 0.0
        with contextlib.suppress(Gone):
            while True:
                if not self._asked:
                    select.select([self._daemon], [], [], BUSY_S if self._cast.is_busy else ALIVE_S)
                self._read()
                for said in self._cast.turn(self._generators, self._heard):
                    self._say(said)
                if self._asked:
                    self._make(self._asked.pop(next(iter(self._asked))))
                if time.monotonic() >= alive_at:
                    self._say(Alive())
                    alive_at = time.monotonic() + ALIVE_S

    def _read(self) -> None:
        """Take all that has come. Who plays faster than this hears is heard at once. Raises Gone."""
        heard: Hear | None = None
        for packed in received(self._daemon):
            packet = _decode(packed)
            if isinstance(packet, Load):
                self._load(packet)
            elif isinstance(packet, Use):
                self._cast.use(packet.task, packet.model)
            elif isinstance(packet, Hear):
                heard = Hear([*(heard.notes if heard else []), *packet.notes], packet.context)
            elif isinstance(packet, Cancel):
                self._drop(packet.number)
            else:
                for waiting in [
                    one for one in self._asked.values() if (one.role, one.name) == (packet.role, packet.name)
                ]:
                    self._drop(waiting.number)
                self._asked[packet.number] = packet
        if heard is not None:
            self._hear(heard)

    def _load(self, load: Load) -> None:
        """Make a generator and let it play once, so that its first answer takes no longer than the others."""
        begun = time.monotonic()
        try:
            kind = registry.kind(load.target)
            task = getattr(kind, "task", "")
            generator = kind(self._cast.opened(task)) if task else kind()
            self._cast.until(task, 0)  # what was asked for last is over
            _warm(generator, load.role)
            self._generators[load.role, load.name] = generator
        except Exception as error:
            self._generators.pop((load.role, load.name), None)
            self._say(Missing(load.role, load.name, _reason(error)))
            return
        self._say(Ready(load.role, load.name, 1000.0 * (time.monotonic() - begun)))

    def _hear(self, hear: Hear) -> None:
        self._heard = hear
        self._cast.hears()
        for role, name in list(self._generators):
            try:
                self._generators[role, name].hear(hear.notes, hear.context)
            except Exception as error:
                del self._generators[role, name]
                self._say(Missing(role, name, _reason(error)))

    def _make(self, ask: Ask) -> None:
        if time.monotonic_ns() > ask.due_ns:
            self._say(Failed(ask.number))
            return
        begun = time.monotonic()
        generator = self._generators.get((ask.role, ask.name))
        if generator is None:
            self._say(Failed(ask.number, "it is not loaded"))
            return
        try:
            self._cast.until(getattr(generator, "task", ""), ask.due_ns)
            notes, chords = _play(generator, ask.role, ask.context, ask.constraints, ask.length)
            made = Made(ask.number, notes, chords, 1000.0 * (time.monotonic() - begun))
            msgspec.msgpack.encode(made)
        except Exception as error:
            self._say(Failed(ask.number, _reason(error)))
            return
        self._say(made)

    def _drop(self, number: int) -> None:
        if self._asked.pop(number, None) is not None:
            self._say(Failed(number))

    def _say(self, packet: FromProcess) -> None:
        """What finds no room is lost, and is late for the daemon."""
        tell(self._daemon, packet)


def _play(
    generator: Any, role: str, context: Context, constraints: Constraints, length: int
) -> tuple[list[Note], list[ChordSpan]]:
    if role == "harmony":
        return [], list(generator.foresee(context, length))
    return list(generator.play(context, constraints, length)), []


def _warm(generator: Any, role: str) -> None:
    _play(generator, role, Context(tick=0), Constraints(), 1 if role == "harmony" else WARM_TICKS)


def _reason(error: Exception) -> str:
    """One line; a defect is also told in full, in the log."""
    if isinstance(error, UserError):
        return str(error)
    traceback.print_exception(error)
    return f"a defect of jamd's: {error!r}"


if __name__ == "__main__":
    main()
