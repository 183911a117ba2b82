"""`python -m daemon.bench.panic_stage CONFIG`: a daemon that holds a note at each of its MIDI outputs; and who hears it.

What the benchmark of panics and its tests share. The listener is a JACK client that plays a level into the daemon, not a
tone: what comes back is the fade itself, sample by sample.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from daemon.errors import UserError

LEVEL = 0.25
CHANNEL, NOTE = 3, 60
VIRTUAL = "jamd out"
GO = "go"  # a file; once it is there, the notes begin
SETTLED_S = 1.2  # a new connection may lose what is sent, and the engine looks at what is connected each second
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


class Midi(NamedTuple):
    """A message as it was heard."""

    frame: int
    port: str  # "jack" or VIRTUAL
    data: tuple[int, ...]


class Ear:
    """Plays LEVEL into the daemon, and keeps all that comes back, by JACK's frames. [main]"""

    def __init__(self) -> None:
        import jack

        self._error = jack.JackErrorCode
        self._client = client = jack.Client("ear", no_start_server=True)
        self.rate, self.block = client.samplerate, client.blocksize
        self.blocks: list[tuple[int, int, np.ndarray]] = []  # (frame, CLOCK_MONOTONIC ns when it was heard, samples)
        self.midi: list[Midi] = []
        out, into = client.outports.register("level"), client.inports.register("in")
        ports = {name: client.midi_inports.register(name.replace(" ", "_")) for name in ("jack", VIRTUAL)}

        @client.set_process_callback
        def hear(n: int) -> None:
            frame = client.last_frame_time
            out.get_array()[:] = LEVEL
            self.blocks.append((frame, time.monotonic_ns(), into.get_array().copy()))
            for name, port in ports.items():
                for at, data in port.incoming_midi_events():
                    self.midi.append(Midi(frame + at, name, tuple(bytes(data))))

        client.activate()

    def connect(self) -> bool:
        """Connect all that is not yet; whether everything is."""
        client, found = self._client, {port.name for port in self._client.get_ports(is_output=True, is_midi=True)}
        virtual = next((name for name in sorted(found) if re.fullmatch(rf"jamd-out[^:]*:{VIRTUAL}", name)), "")
        wires = [("ear:level", "jamd:in_1"), ("ear:level", "jamd:in_2"), ("jamd:out_1", "ear:in")]
        wires += [("jamd:midi_out", "ear:jack"), (virtual, f"ear:{VIRTUAL.replace(' ', '_')}")]
        names = {port.name for port in client.get_ports()}
        if not all(name in names for wire in wires for name in wire):
            return False
        try:
            for source, target in wires:
                if target not in [port.name for port in client.get_all_connections(client.get_port_by_name(source))]:
                    client.connect(source, target)
        except self._error:  # a port is there before its client plays
            return False
        return True

    def sound(self, start: int = 0) -> tuple[int, np.ndarray]:
        """The first frame and the samples of what was heard from frame `start` on; missing blocks are NaN."""
        blocks = [block for block in list(self.blocks) if block[0] >= start]
        if not blocks:
            return start, np.zeros(0, np.float32)
        first = blocks[0][0]
        heard = np.full(blocks[-1][0] + len(blocks[-1][2]) - first, np.nan, np.float32)
        for frame, _, samples in blocks:
            heard[frame - first : frame - first + len(samples)] = samples
        return first, heard

    @property
    def frame(self) -> int:
        """The next one to be heard."""
        return self.blocks[-1][0] + self.block if self.blocks else 0

    def ns(self, frame: int) -> int:
        """CLOCK_MONOTONIC when a frame was heard: of all blocks of the last seconds, the promptest says so."""
        late = [ns - round(at * 1e9 / self.rate) for at, ns, _ in self.blocks[-4096:]]
        return round(frame * 1e9 / self.rate) + min(late)

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


class Stage:
    """A daemon with its listener. [main]"""

    def __init__(self, folder: Path, more: str = "") -> None:
        """Returns when it sounds and holds its notes. Raises StageError."""
        (folder / "panic.toml").write_text(RACK)
        (folder / "config.toml").write_text(CONFIG.format(folder=folder) + more)
        self.control, self.wire = f"ipc://{folder}/control", f"ipc://{folder}/wire"
        command = [sys.executable, "-m", "daemon.bench.panic_stage", str(folder / "config.toml")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            self.ear = Ear()
        except BaseException:
            self.close()
            raise
        try:
            self.until(self.ear.connect, "its ports", 240.0)
            time.sleep(SETTLED_S)
            (folder / GO).touch()
            self.until(self.is_heard, "its sound and notes", 30.0)
        except BaseException:
            self.close()
            raise

    def is_heard(self) -> bool:
        """Whether the level is through, and each output holds its note."""
        held = {one.port for one in list(self.ear.midi) if one.data[0] == 0x90 | CHANNEL}
        return len(held) == 2 and bool(self.ear.blocks) and bool((self.ear.blocks[-1][2] == LEVEL).all())

    def until(self, done: Callable[[], Any], what: str, seconds: float = 5.0) -> None:
        """Wait. Raises StageError."""
        ends_at = time.monotonic() + seconds
        while not done():
            if time.monotonic() > ends_at:
                raise StageError(f"the daemon under test: {what} not within {seconds:g} s")
            time.sleep(0.01)

    @property
    def engine_pid(self) -> int:
        """The engine's process."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if b"daemon.engine" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise StageError("the daemon under test has no engine")

    def silence(self, start: int) -> int:
        """The first frame from `start` on that begins a tenth of a second of nothing but zeros; -1: there is none yet."""
        first, heard = self.ear.sound(start)
        quiet = np.nan_to_num(heard) == 0.0
        ends = np.flatnonzero(~quiet)
        at = int(ends[-1]) + 1 if len(ends) else 0
        for k in range(len(ends) - 1):  # the first long pause
            if ends[k + 1] - ends[k] > self.ear.rate // 10:
                at = int(ends[k]) + 1
                break
        return first + at if len(heard) - at > self.ear.rate // 10 else -1

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if hasattr(self, "ear"):
            self.ear.close()


@contextmanager
def stage(more: str = "") -> Iterator[Stage]:
    """One in a folder of its own. Raises StageError."""
    with tempfile.TemporaryDirectory() as folder:
        made = Stage(Path(folder), more)
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
            self.on_turn, self._waits = self._play, {"jack", VIRTUAL}
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
