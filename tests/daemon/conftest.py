"""A daemon of a test's own, and a subscriber of it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from daemon import messages as m
from daemon.listen import decode
from tests.engine_alone import TEXT


class Daemon:
    """`jamd run` with a config, and a subscriber of everything but the dense messages."""

    def __init__(self, folder: Path, config: str) -> None:
        self.address = f"ipc://{folder}/wire"
        path = folder / "config.toml"
        self.control = f"ipc://{folder}/control"
        page = "" if "[page]" in config else '[page]\naddress = "off"\n'
        wires = f'[zmq]\naddress = "{self.address}"\nlatest = "off"\n[control]\naddress = "{self.control}"\n'
        path.write_text(f"{config}\n{page}{wires}{'' if '[analysis]' in config else TEXT}")
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.LINGER, 0)
        for kind in m.MESSAGES:
            if kind not in m.DENSE:
                self.socket.subscribe(m.topic(kind))
        self.socket.connect(self.address)
        self.process = subprocess.Popen([sys.executable, "-m", "daemon.cli", "run", "--config", str(path)])

    def read(self, seconds: float) -> list[m.Message]:
        """What comes within a time."""
        ends_at, got = time.monotonic() + seconds, []
        while (left := ends_at - time.monotonic()) > 0:
            if self.socket.poll(left * 1000):
                got.append(decode(self.socket.recv_multipart()))
        return got

    def wait_for(self, state: str, seconds: float = 240.0) -> tuple[m.Engine, list[m.Message]]:
        """The next engine message with this state, and all that came before it."""
        ends_at, before = time.monotonic() + seconds, []
        while time.monotonic() < ends_at:
            for message in self.read(0.05):
                if isinstance(message, m.Engine) and message.state == state:
                    return message, before
                before.append(message)
        raise AssertionError(f"no engine message {state!r} within {seconds} s")

    @property
    def engine_pids(self) -> list[int]:
        """The engine's process, and the spare one."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if b"daemon.engine" in Path(f"/proc/{child}/cmdline").read_bytes()]

    @property
    def engine_pid(self) -> int:
        return self.engine_pids[0]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(10) == 0
        finally:
            self.process.kill()
            self.socket.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator:
    made = []

    def start(config: str) -> Daemon:
        made.append(Daemon(tmp_path, config))
        return made[-1]

    yield start
    for one in made:
        one.close()
