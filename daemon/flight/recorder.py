"""The daemon's part of recording: what it alone knows goes into the log; the sound the process reads by itself."""

import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from daemon import __version__
from daemon import messages as m
from daemon.config import Config
from daemon.desk.book import Book
from daemon.engine.link import Memory
from daemon.engine.state import N_CAPTURE, STATE
from daemon.flight.link import About, Begin, End, Heard, Open, Place, Preset, Said
from daemon.flight.log import Log
from daemon.flight.worker import Worker
from daemon.midi.message import MidiMessage

FLUSH_S = 0.04  # between two packets of the log

_encode = msgspec.msgpack.Encoder().encode
IsOwn = Callable[[MidiMessage, int], bool]


class Recorder:
    """[main]"""

    def __init__(self, config: Config, memory: Memory, folder: str, book: Book) -> None:
        """Starts the process."""
        self._memory, self._book = memory, book
        self._about = about(config)
        self.worker = Worker(Open(folder, config.record.minutes, place(memory), self._about))
        self._log = Log(self.worker.tell)
        self._preset = ""
        self._flush_at = 0.0

    def band(self, out: Any, rate: int, environment: Mapping[str, str]) -> Any:
        """A band whose every input is written down."""
        from daemon.flight.witness import WatchedBand

        return WatchedBand(out, rate, environment, self._log)

    def heard(self, is_own: IsOwn | None) -> IsOwn:
        """Writes each message of a MIDI input down, and asks `is_own`."""

        def ask(message: MidiMessage, at: int) -> bool:
            if message.channel >= 0:
                self._log.add(Heard(at, message.port, message.status, message.channel, message.data1, message.data2))
            return is_own is not None and is_own(message, at)

        return ask

    def feed(self, message: m.Message) -> None:
        """A message as it is published. What comes once per hop can be made again from the sound."""
        if not message.replay and message.__struct_config__.tag not in m.DENSE:
            self._log.add(Said(msgspec.Raw(_encode(message))))

    def begin(self, rate: int) -> None:
        """An engine runs."""
        epoch, channels = (int(self._memory.state[name][0]) for name in ("epoch", "channels"))
        self._log.add(Begin(epoch, rate, channels))

    def end(self, now: int) -> None:
        """It has ended."""
        self._log.add(End(now))

    def turn(self) -> list[m.Message]:
        """Send on what is written; gives what is to be published."""
        if self._book.path != self._preset:
            self._preset = self._book.path
            self._log.add(Preset(self._preset))
        at = time.monotonic()
        if at >= self._flush_at:
            self._flush_at = at + FLUSH_S
            self._log.flush()
        return self.worker.turn(self._log.unsent)

    def flush(self) -> None:
        """Send on all that is written."""
        self._log.flush()

    def close(self) -> None:
        """What has come is kept."""
        self._log.flush()
        self.worker.close()


def made_by() -> dict[str, str]:
    """What the last bit of what is heard may depend on."""
    from importlib.metadata import version

    versions = {name: version(name) for name in ("numba", "numpy")}
    return versions | {"python": platform.python_version(), "machine": platform.machine(), "processor": _processor()}


def about(config: Config) -> About:
    """Of a session that begins now."""
    return About(time.time_ns(), __version__, made_by(), config.analysers(), msgspec.to_builtins(config))


def place(memory: Memory) -> Place:
    """Where the process finds the sound."""
    capture, played_back, count, epoch, rate, channels = (
        STATE.fields[name][1]  # type: ignore[index]
        for name in ("capture", "played_back", "sample_time", "epoch", "rate", "channels")
    )
    return Place(memory.fd, STATE.itemsize, capture, played_back, N_CAPTURE, count, epoch, rate, channels)


def _processor() -> str:
    """Its model's name, as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
