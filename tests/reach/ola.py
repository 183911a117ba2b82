"""OLA's olad for tests: what it receives by sACN and Art-Net. It takes the protocols' ports, so one runs at a time."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_OFF = """
dummy espnet ftdidmx gpio karate kinet milinst opendmx openpixelcontrol osc pathport renard sandnet shownet spi
stageprofi uartdmx usbdmx usbserial
"""
_ON = {
    "artnet": "ip = 127.0.0.1\nnet = 3\nsubnet = 8\n",
    "e131": "ip = 127.0.0.1\ninput_ports = 1\noutput_ports = 0\n",
}
UNIVERSE = 901
"""Of jamd and of sACN; on Art-Net that is port-address 900: net 3, sub-net 8, universe 4."""
SACN, ARTNET = UNIVERSE, UNIVERSE - 1
"""OLA's universes for them; of Art-Net's the last four bits count."""


class Ola:
    """One olad of a test's own."""

    def __init__(self) -> None:
        self._lock = (Path(tempfile.gettempdir()) / "jamd-test-sacn.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # QLC+ wants those ports too
        self._folder = tempfile.mkdtemp(prefix="jamd-test-ola-")
        for name in _OFF.split():
            Path(self._folder, f"ola-{name}.conf").write_text("enabled = false\n")
        for name, values in _ON.items():
            Path(self._folder, f"ola-{name}.conf").write_text(f"enabled = true\n{values}")
        self._http, rpc = _free(), _free()
        command = ["olad", "-c", self._folder, "-i", "lo", "--no-register-with-dns-sd", "-l", "1"]
        command += ["-r", str(rpc), "-p", str(self._http)]
        if os.geteuid() == 0:  # as root it does not run
            for path in (self._folder, *Path(self._folder).iterdir()):
                shutil.chown(path, "olad")
            command = ["setpriv", "--reuid=olad", "--regid=65534", "--clear-groups", *command]
        self._process = subprocess.Popen(
            command, env=os.environ | {"HOME": self._folder}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._patch({"E1.31": SACN, "ArtNet": ARTNET})

    def levels(self, universe: int) -> list[int]:
        """What it has of a universe now."""
        return list(self._ask(f"get_dmx?u={universe}")["dmx"])

    def wait(self, until: Callable[[], object], seconds: float = 20.0) -> bool:
        """Whether something came true in time."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            if until():
                return True
            time.sleep(0.05)
        return bool(until())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    def _patch(self, universes: dict[str, int]) -> None:
        """Once they are there, connect each protocol's first input to a universe."""
        found: dict[str, str] = {}

        def all_there() -> bool:
            assert self._process.poll() is None, "olad has ended"
            with contextlib.suppress(urllib.error.URLError, OSError):
                for port in self._ask("json/get_ports"):
                    if not port["is_output"]:
                        found.setdefault(port["device"].split(" ")[0], port["id"])
            return set(universes) <= set(found)

        assert self.wait(all_there), f"of its inputs there are only {found}"
        for protocol, universe in universes.items():
            body = {"id": universe, "name": protocol, "add_ports": found[protocol]}
            assert self._ask("new_universe", body)["ok"]

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else urllib.parse.urlencode(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self._http}/{path}", data, timeout=5) as answer:
            return json.loads(answer.read())


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def ola() -> Iterator[Ola]:
    """A running olad, or a skip where it is not installed."""
    if shutil.which("olad") is None:
        pytest.skip("OLA is not installed: sudo apt install ola")
    one = Ola()
    yield one
    one.close()
