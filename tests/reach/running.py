"""A daemon that plays the built-in performance without a sound card, for the clients' tests; and its clients, as modules."""

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.engine_alone import TEXT
from tests.reach.peer import free_port

CLIENTS = Path(__file__).parents[2] / "presets" / "clients"

CONFIG = (
    """
[engine]
driver = "timer"
input = "performance"
[midi]
api = "off"
[recommend]
library = "off"
[zmq]
address = "{address}"
latest = "off"
curve = {curve}
[control]
address = "{control}"
[page]
address = "off"
"""
    + TEXT
)


class Running:
    """`jamd run`, which can be ended and started again at the same addresses."""

    def __init__(self, folder: Path, more: str = "", curve: bool = False) -> None:
        self.address, self.control = f"ipc://{folder}/wire", f"ipc://{folder}/control"
        self._config = folder / "config.toml"
        self._config.write_text(
            CONFIG.format(address=self.address, control=self.control, curve=str(curve).lower()) + more
        )
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Returns at once; it is there a moment later."""
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(self._config)]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2])

    def stop(self, by: int = signal.SIGTERM) -> None:
        """End it, by a signal; it is gone when this returns."""
        if self._process is not None:
            self._process.send_signal(by)
            try:
                self._process.wait(30)
            finally:
                self._process.kill()
                self._process.wait()
                self._process = None


class Sending(Running):
    """One that sends OSC to two places."""

    def __init__(self, folder: Path) -> None:
        self.pd, self.supercollider = free_port(), free_port()
        outputs = f'["127.0.0.1:{self.pd}", "127.0.0.1:{self.supercollider}/ahead"]'
        super().__init__(folder, f"[osc]\noutputs = {outputs}\n")


def client(name: str) -> ModuleType:
    """A Python file of presets/clients, as who has copied it imports it."""
    sys.path.insert(0, os.fspath(CLIENTS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(os.fspath(CLIENTS))
