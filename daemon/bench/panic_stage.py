"""`python -m daemon.bench.panic_stage CONFIG`: a daemon that holds a note at each of its MIDI outputs; and who hears it.

What the benchmark of panics and its tests share.
"""

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.bench.ear import PORTS, Ear
from daemon.errors import UserError

CHANNEL, NOTE = 3, 60
GO = "go"  # a file; once it is there, the notes begin
SETTLED_S = 1.2  # a new connection may lose what is sent, and the engine looks at what is connected each second
PORTS_S, SOUND_S = 120.0, 20.0
TRIES = 3
GONE_S = 6.0
RACK = """
name = "panic"
[[chain]]
name = "through"
input = "input"
[lights]
safe = { dimmer = 0.2, colour = "white" }
[lights.fixtures.par]
channels = ["red", "green", "blue"]
dimmer = 1.0
colour = "white"
"""
FULL, SAFE = 255, 51
"""What the lamp's channels are sent by the show, and by its safe look."""
LIGHTS_AT = "127.0.0.77"
SACN_PORT, LEVELS_AT = 5568, 126  # and where the first channel stands in a packet (ANSI E1.31)
CONFIG = """
[engine]
driver = "jack"
device = "none"
[midi]
api = "jack"
[recommend]
library = "off"
[lights]
sacn = ["{lights}"]
[rack]
preset = "{folder}/panic.toml"
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "ipc://{folder}/control"
"""


class StageError(UserError):
    """The daemon under test does not sound."""


class Eye:
    """Watches the lamp. [any]"""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = [(0, -1)]  # (CLOCK_MONOTONIC ns, level), each time that it changed
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LIGHTS_AT, SACN_PORT))
        threading.Thread(target=self._watch, daemon=True, name="eye").start()

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while packet := self._socket.recv(2048):
                if len(packet) > LEVELS_AT and packet[LEVELS_AT] != self.seen[-1][1]:
                    self.seen.append((time.monotonic_ns(), packet[LEVELS_AT]))

    @property
    def level(self) -> int:
        """As it is now."""
        return self.seen[-1][1]

    def close(self) -> None:
        """Look away."""
        with contextlib.suppress(
            OSError
        ):  # which it says of a socket that nobody is connected to, and wakes the reader
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Stage:
    """A daemon with its listener. [main]"""

    def __init__(self, folder: Path) -> None:
        """Returns when it sounds, holds its notes and lights its lamp. Raises StageError."""
        (folder / "panic.toml").write_text(RACK)
        (folder / "config.toml").write_text(CONFIG.format(folder=folder, lights=LIGHTS_AT))
        self.control, self.wire = f"ipc://{folder}/control", f"ipc://{folder}/wire"
        self._log = folder / "log"
        self.ear, self.eye = Ear(), Eye()
        command = [sys.executable, "-m", "daemon.bench.panic_stage", str(folder / "config.toml")]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log)
        try:
            self.until(self._is_connected, "its ports", PORTS_S)
            time.sleep(SETTLED_S)
            (folder / GO).touch()
            self.until(self._is_heard, "its sound, notes and light", SOUND_S)
        except BaseException:
            self.close()
            raise

    def _is_connected(self) -> bool:
        """Raises StageError where the daemon has ended: two JACK clients that open at one moment can fail."""
        if self.process.poll() is not None:
            raise StageError(f"the daemon under test ended: {self._said()}")
        return self.ear.connect()

    def _is_heard(self) -> bool:
        """Whether the level is through, the lamp is lit, and each output holds its note."""
        note = (0x90 | CHANNEL, NOTE, 100)
        return (
            self.eye.level == FULL
            and self.ear.sounds()
            and all(note in [one.data for one in self.ear.midi(0, port)] for port in PORTS)
        )

    def until(self, done: Callable[[], Any], what: str, seconds: float = 5.0) -> None:
        """Wait. Raises StageError with what the daemon said."""
        ends_at = time.monotonic() + seconds
        while not done():
            if time.monotonic() > ends_at:
                raise StageError(f"the daemon under test: {what} not within {seconds:g} s: {self._said()}")
            time.sleep(0.02)

    def _said(self) -> str:
        return " / ".join(self._log.read_text().splitlines()[-5:])

    @property
    def _children(self) -> list[Path]:
        """The daemon's own processes, in /proc."""
        try:
            pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except OSError:
            return []
        return [Path(f"/proc/{pid}") for pid in pids]

    @property
    def engine_pid(self) -> int:
        """The engine's process."""
        for child in self._children:
            if b"daemon.engine" in (child / "cmdline").read_bytes():
                return int(child.name)
        raise StageError("the daemon under test has no engine")

    def close(self) -> None:
        """End both, and wait for the daemon's processes: the lights' own shows the safe look for a while."""
        children, ends_at = self._children, time.monotonic() + GONE_S
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GONE_S)
        self.process.kill()
        self.process.wait()
        while any(child.exists() for child in children) and time.monotonic() < ends_at:
            time.sleep(0.05)
        self.ear.close()
        self.eye.close()


@contextmanager
def stage() -> Iterator[Stage]:
    """One in a folder of its own; on a busy machine it may take more than one try. Raises StageError."""
    for left in reversed(range(TRIES)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                made = Stage(Path(folder))
            except StageError:
                if not left:
                    raise
                continue
            try:
                yield made
            finally:
                made.close()
            return


def main() -> None:
    """Run the daemon; each of its outputs holds a note from when it is there."""
    from daemon import config, run
    from daemon.app import App

    class Playing(App):
        """[main]"""

        def __init__(self, chosen: config.Config) -> None:
            super().__init__(chosen)
            self.on_turn, self._waits = self._play, set(PORTS)
            self._go = Path(sys.argv[1]).with_name(GO)

        def _play(self) -> None:
            if not self._waits or not self._go.exists():
                return
            for port in list(self._waits):
                if self.midi.is_open(port) and self.midi.note_on(port, CHANNEL, NOTE, 100):
                    self._waits.discard(port)

    run.App = Playing  # type: ignore[misc, assignment]
    sys.exit(run.run(config.load(Path(sys.argv[1])), None))


if __name__ == "__main__":
    main()
