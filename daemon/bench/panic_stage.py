"""`python -m daemon.bench.panic_stage CONFIG`: a daemon that holds a note at each of its MIDI outputs; and who hears it.

What the benchmark of panics and its tests share.
"""

import subprocess
import sys
import tempfile
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
PORTS_S, SOUND_S = 240.0, 20.0
RACK = """
name = "panic"
[[chain]]
name = "through"
input = "both"
"""
CONFIG = """
[engine]
driver = "jack"
device = "none"
[midi]
api = "jack"
[recommend]
library = "off"
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


class Stage:
    """A daemon with its listener. [main]"""

    def __init__(self, folder: Path, more: str = "", rack: str = "") -> None:
        """Returns when it sounds and holds its notes; `more` of its config, `rack` of its preset. Raises StageError."""
        (folder / "panic.toml").write_text(RACK + rack)
        (folder / "config.toml").write_text(CONFIG.format(folder=folder) + more)
        self.control, self.wire = f"ipc://{folder}/control", f"ipc://{folder}/wire"
        self._log = folder / "log"
        self.ear = Ear()
        command = [sys.executable, "-m", "daemon.bench.panic_stage", str(folder / "config.toml")]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log)
        try:
            self.until(self.ear.connect, "its ports", PORTS_S)
            time.sleep(SETTLED_S)
            (folder / GO).touch()
            self.until(self._is_heard, "its sound and notes", SOUND_S)
        except BaseException:
            self.close()
            raise

    def _is_heard(self) -> bool:
        """Whether the level is through, and each output holds its note."""
        note = (0x90 | CHANNEL, NOTE, 100)
        return self.ear.sounds() and all(note in [one.data for one in self.ear.midi(0, port)] for port in PORTS)

    def until(self, done: Callable[[], Any], what: str, seconds: float = 5.0) -> None:
        """Wait. Raises StageError with what the daemon said."""
        ends_at = time.monotonic() + seconds
        while not done():
            if time.monotonic() > ends_at:
                said = " / ".join(self._log.read_text().splitlines()[-5:])
                raise StageError(f"the daemon under test: {what} not within {seconds:g} s: {said}")
            time.sleep(0.02)

    @property
    def engine_pid(self) -> int:
        """The engine's process."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if b"daemon.engine" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise StageError("the daemon under test has no engine")

    def close(self) -> None:
        """End both."""
        self.process.kill()
        self.process.wait()
        self.ear.close()


@contextmanager
def stage(more: str = "", rack: str = "") -> Iterator[Stage]:
    """One in a folder of its own. Raises StageError."""
    with tempfile.TemporaryDirectory() as folder:
        made = Stage(Path(folder), more, rack)
        try:
            yield made
        finally:
            made.close()


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
