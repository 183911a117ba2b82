"""A daemon that records, what it publishes, and what is asked of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union

import msgspec
import zmq

from daemon import messages as m
from daemon.ctl.client import ask
from tests.engine_alone import TEXT

ROOT = Path(__file__).parents[2]
CONFIG = (
    """
[engine]
driver = "{driver}"
device = "none"
input = "call"
[midi]
api = "off"
[recommend]
library = "off"
[record]
minutes = {minutes}
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "ipc://{folder}/control"
[page]
address = "off"
[clock]
sources = ["beats"]
"""
    + TEXT
)
_message = msgspec.msgpack.Decoder(Union[tuple(m.MESSAGES.values())]).decode  # noqa: UP007 - made of a table


class Stage:
    """`jamd run --record`."""

    def __init__(self, folder: Path, preset: Path, driver: str = "timer", minutes: float = 10.0) -> None:
        self.folder, self.record = folder, folder / "record"
        self.control = f"ipc://{folder}/control"
        config = folder / "config.toml"
        config.write_text(CONFIG.format(driver=driver, folder=folder, minutes=minutes))
        self.said: list[m.Message] = []
        self._unseen: list[m.Message] = []  # by `until`
        self._socket = zmq.Context.instance().socket(zmq.SUB)
        self._socket.connect(f"ipc://{folder}/wire")
        self._socket.subscribe(b"jamd/1/")
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        command += ["--preset", str(preset), "--record", str(self.record)]
        self.process = subprocess.Popen(command, cwd=ROOT)
        try:
            wanted = {"running", "recording"}
            while wanted:
                said = self.until(lambda said: isinstance(said, m.Engine | m.Take), 120.0)
                assert isinstance(said, m.Engine | m.Take)
                wanted.discard(said.state)
        except BaseException:
            self.process.kill()
            raise

    def read(self, seconds: float) -> list[m.Message]:
        """What is published within that time."""
        found, ends_at = [], time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            if self._socket.poll(round(1000 * left)):
                found.append(_message(self._socket.recv_multipart()[1]))
        self.said += [message for message in found if not message.replay]
        return found

    def until(self, wanted: Callable[[m.Message], Any], seconds: float = 30.0) -> m.Message:
        """The next message for which that holds."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            assert self.process.poll() is None, "the daemon has ended"
            self._unseen += self.read(0.05)
            while self._unseen:
                if wanted(message := self._unseen.pop(0)):
                    return message
        raise AssertionError(f"nothing of the kind within {seconds} s")

    def newest(self, kind: type) -> Any:
        return next(message for message in reversed(self.said) if isinstance(message, kind))

    def do(self, **command: Any) -> dict[str, Any]:
        """A command's answer."""
        return ask(self.control, [command])

    def recorder(self) -> int:
        """Its process's id."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if b"daemon.flight.process" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        raise AssertionError("there is no recorder")

    def close(self, by: int = signal.SIGTERM) -> None:
        """End it; the recorder has written all when this returns."""
        if self.process.poll() is None:
            recorder = self.recorder()
            self.process.send_signal(by)
            self.process.wait(30)
            ends_at = time.monotonic() + 10.0
            while os.path.exists(f"/proc/{recorder}") and time.monotonic() < ends_at:
                time.sleep(0.02)
        self._socket.close(0)


def replayed(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """What `jamd replay --json` says, and its exit code."""
    command = [sys.executable, "-m", "daemon.cli", "replay", str(folder), "--json", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)
