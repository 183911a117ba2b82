"""What systemd is told of a running daemon, by a socket that stands for it; and the unit that is shipped."""

import configparser
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_alone import TEXT

UNIT = Path(__file__).parents[2] / "configs" / "jamd.service"
CONFIG = '[engine]\ndriver = "timer"\ninput = "performance"\n[midi]\napi = "off"\n[recommend]\nlibrary = "off"\n' + TEXT
EVERY_S = 0.5


class Systemd:
    """A daemon, and the socket at which it says how it goes."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.fspath(folder / "notify"))
        config = folder / "config.toml"
        wires = f'[zmq]\naddress = "ipc://{folder}/wire"\nlatest = "off"\n'
        wires += '[control]\naddress = "off"\n[page]\naddress = "off"\n'
        config.write_text(CONFIG + wires)
        told = {"NOTIFY_SOCKET": os.fspath(folder / "notify"), "WATCHDOG_USEC": str(round(EVERY_S * 1e6))}
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        self.process = subprocess.Popen(command, env=os.environ | told)

    def hears(self, seconds: float) -> str:
        """The next thing it says; "" where it says nothing in this time."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(256).decode()
        except TimeoutError:
            return ""

    def waits_for(self, text: str, seconds: float) -> bool:
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            if self.hears(left) == text:
                return True
        return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(tmp_path)
    yield made
    made.close()


def test_systemd_is_told_that_it_is_ready_lives_hangs_and_ends(systemd: Systemd) -> None:
    assert systemd.waits_for("READY=1", 240.0)
    for _ in range(3):
        assert systemd.waits_for("WATCHDOG=1", 5.0)
    os.kill(systemd.process.pid, signal.SIGSTOP)
    while systemd.hears(0.0001):
        pass
    assert systemd.hears(2 * EVERY_S) == "", "who hangs says nothing"
    os.kill(systemd.process.pid, signal.SIGCONT)
    assert systemd.waits_for("WATCHDOG=1", 5.0)
    systemd.process.terminate()
    assert systemd.waits_for("STOPPING=1", 5.0)
    assert systemd.process.wait(10) == 0


def test_the_unit_is_one() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    assert unit["Service"]["Type"] == "notify"
    assert float(unit["Service"]["WatchdogSec"]) > 2.0, "jamd's own watchdog comes first"
    assert unit["Service"]["KillMode"] == "mixed"
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", UNIT], capture_output=True, text=True, check=False
        )
        said = [line for line in done.stderr.splitlines() if "jamd.service" in line and "is not executable" not in line]
        assert not said, said
