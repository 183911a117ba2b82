"""The flight recorder's room: what App needs of it, whose process runs where a folder is given."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from daemon import messages as m
from daemon.bandstand import Bandstand
from daemon.config import Config
from daemon.desk.book import Book
from daemon.desk.commands import takes
from daemon.desk.commands.command import Command
from daemon.engine.link import Memory
from daemon.midi.desk import MidiDesk
from daemon.room import PATIENT_MS
from daemon.service.router import Reply

if TYPE_CHECKING:
    from daemon.flight.recorder import Recorder

NOWHERE = "nothing is recorded: start `jamd run --record DIR`, or give [record] folder in the config"


class Flight:
    """[main]"""

    def __init__(self, config: Config, memory: Memory, midi: MidiDesk, stand: Bandstand, book: Book) -> None:
        """Starts the process where there is a folder; from then on MIDI and the band are written down, too."""
        self._recorder: Recorder | None = None
        if not config.record.folder:
            return
        from daemon.flight import recorder

        folder = os.path.abspath(Path(config.record.folder).expanduser())
        self._recorder = recorder.Recorder(config, memory, folder, book)
        stand.make = self._recorder.band
        midi.is_own = self._recorder.heard(midi.is_own)

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._recorder.worker.pid if self._recorder else 0

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have a command (daemon.desk.commands.takes) carried out; `reply` is called once it is, or is refused."""
        if self._recorder is None:
            reply({"error": {"code": 409, "text": NOWHERE}})
        elif len(commands) > 1:
            reply({"error": {"code": 422, "text": "one take at a time: give one command"}})
        elif check:
            reply({"ok": True, "results": [{}]})
        elif isinstance(commands[0], takes.Take):
            self._recorder.flush()
            self._recorder.worker.save(commands[0].minutes or 0.0, commands[0].name, reply)
        else:
            self._recorder.worker.show(reply)

    def attend(self, poller: zmq.Poller) -> int:
        if self._recorder is not None and self._recorder.worker.socket not in poller:
            poller.register(self._recorder.worker.socket, zmq.POLLIN)
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        if self._recorder is not None:
            self._recorder.feed(message)

    def begin(self, rate: int) -> None:
        if self._recorder is not None:
            self._recorder.begin(rate)

    def end(self, now: int) -> list[m.Message]:
        if self._recorder is not None:
            self._recorder.end(now)
        return []

    def turn(self, now: int) -> list[m.Message]:
        said = self._recorder.turn() if self._recorder is not None else []
        for message in said:
            message.sample_time = message.known_at = now
        return said

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
