"""A real server of the Open Inference Protocol with jamd's own graphs: MLServer, as presets/serving/mlserver has it.

It lives in an environment of its own, for what it needs is older than what jamd needs; JAMD_TEST_MLSERVER is its command.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from daemon.models import shelf

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "presets/serving/mlserver"
MLSERVER = os.environ.get("JAMD_TEST_MLSERVER") or shutil.which("mlserver")

needs_mlserver = pytest.mark.skipif(
    not MLSERVER,
    reason="no MLServer: pip install mlserver onnxruntime elsewhere, and name its mlserver in JAMD_TEST_MLSERVER",
)


class Served:
    """A server that can be killed, stopped and started again at the same ports."""

    def __init__(self, folder: Path) -> None:
        """`folder` is new; it becomes the server's."""
        self.folder = folder
        shutil.copytree(EXAMPLE, folder)
        shutil.copy(Path(__file__).parent / "remote_wrong.py", folder)
        for name in ("trunk", "pitch", "duration"):
            shutil.copy(shelf.SHIPPED["phrase"] / f"{name}.int8.onnx", folder / f"phrase_{name}")
        for name in ("items", "step"):
            shutil.copy(shelf.SHIPPED["next"] / f"{name}.onnx", folder / f"next_{name}")
        shutil.copy(shelf.SHIPPED["harmony"] / "harmony_int8.onnx", folder / "harmony")
        self.http, self.grpc = _free(2)
        settings = json.loads((folder / "settings.json").read_text())
        (folder / "settings.json").write_text(json.dumps({**settings, "http_port": self.http, "grpc_port": self.grpc}))
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, name: str, implementation: str, graph: str, **values: object) -> None:
        """A model more, before it starts."""
        (self.folder / name).mkdir()
        parameters = {"uri": f"../{graph}", "extra": values}
        told = {"name": name, "implementation": implementation, "parameters": parameters}
        (self.folder / name / "model-settings.json").write_text(json.dumps(told))

    def address(self, protocol: str, name: str) -> str:
        return f"kserve+{protocol}://127.0.0.1:{getattr(self, protocol)}/{name}"

    def start(self) -> None:
        """Until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(MLSERVER), "start", str(self.folder)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(self.folder)},
            )
        ends_at = time.monotonic() + 60
        while not self._is_ready():
            assert self._process.poll() is None and time.monotonic() < ends_at, (self.folder / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """At once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """It hangs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It hangs no more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.grpc), 1):
            url = f"http://127.0.0.1:{self.http}/v2/health/ready"
            return bool(urllib.request.urlopen(url, timeout=5).status == 200)
        return False


def _free(count: int) -> list[int]:
    """Ports that nobody has."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
