"""Fixtures that more than one folder of tests needs: JACK servers of the tests' own."""

import daemon  # noqa: F401  isort: skip - tells Numba where compiled code is kept, before a test loads it

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile(
    "jamd", derandomize=True
)  # the same examples each time; `--hypothesis-profile default` looks on
settings.load_profile("jamd")

PREFIX = "jamd-test-"


REGISTRY = Path("/dev/shm/jack-shm-registry")
"""Holds eight servers, and keeps one that was killed until a namesake ends."""


def pytest_configure(config: pytest.Config) -> None:
    """A filter that names Numba's category: among the settings it would have Numba loaded before `daemon` is.

    And nobody kills "process 0", which is pytest with all that it runs in, where a process has ended that was to be killed.
    """
    config.addinivalue_line("filterwarnings", "ignore::numba.core.errors.NumbaPerformanceWarning")
    kill = os.kill

    def kill_one(pid: int, number: int) -> None:
        assert pid > 0, "there is no such process any more"
        kill(pid, number)

    os.kill = kill_one


def lane(nodeid: str) -> str:
    """What a test of this id is run in line with."""
    _, folder, name, *_ = [*nodeid.partition("::")[0].split("/"), "", ""]
    if name.startswith(("test_page", "test_web")):
        return "pages"
    return folder if folder in ("daemon", "reach", "serve") else "others"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `pytest -n 2` those that wait for real time run beside those that compute; of each kind, one after the other.

    By a scheduler, for xdist 3.8 tells groups by an attribute that pytest 9.2 does not read: all would be one heap.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return lane(nodeid)

    return Lanes(config, log)


def _sweep() -> None:
    """Take out what tests that were killed have left in the registry."""
    lives = subprocess.run(["pgrep", "-af", "jackd"], capture_output=True, text=True, check=False).stdout
    for name in set(re.findall(rb"%b[0-9a-f]{8}" % PREFIX.encode(), REGISTRY.read_bytes())):
        if name.decode() not in lives:
            namesake = subprocess.Popen(_command(name.decode()), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1.0)
            namesake.terminate()
            namesake.wait()


def _command(name: str, period: int = 256) -> list[str]:
    return ["jackd", "-n", name, "-r", "-d", "dummy", "-r", "48000", "-p", str(period)]


class JackServer:
    """A `jackd` on the dummy driver, under a name nobody else has, that this process's JACK clients find."""

    def __init__(self, period: int = 256) -> None:
        self.period = period
        self.name = f"{PREFIX}{uuid.uuid4().hex[:8]}"
        self._process: subprocess.Popen | None = None
        self._environ = {name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
        self.start()

    def start(self) -> None:
        """Start, or start again after `kill`; returns when clients can connect.

        Two servers or clients that make the registry of /dev/shm at the same moment can fail, so it is tried again.
        """
        os.environ.update(JACK_DEFAULT_SERVER=self.name, JACK_NO_START_SERVER="1")
        said: list[str] = []
        while self._process is None or self._process.poll() is not None:
            if len(said) == 3:
                raise RuntimeError(f"jackd does not start: {said[-1]}")
            said.append(self._try())
            if "Too many servers" in said[-1]:
                _sweep()

    def _try(self) -> str:
        """Start once; what the server said if it did not come up."""
        with tempfile.TemporaryFile("w+") as log:
            self._process = subprocess.Popen(_command(self.name, self.period), stdout=log, stderr=log)
            ends_at = time.monotonic() + 20.0
            while self._process.poll() is None and time.monotonic() < ends_at:
                time.sleep(0.1)
                look = ["jack_lsp", "-s", self.name]
                with contextlib.suppress(subprocess.TimeoutExpired):
                    if subprocess.run(look, capture_output=True, check=False, timeout=5).returncode == 0:
                        return ""
            self.kill()
            log.seek(0)
            return log.read()

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def signal(self, number: int) -> None:
        """Send the server a signal, should it still be there."""
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End the server and give the environment back.

        A killed server stays in JACK's registry, which holds eight; only its namesake can take it out again.
        """
        if self._process is not None:
            if self._process.poll() is not None:
                self.start()
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
        for path in Path("/dev/shm").glob(f"*{self.name}*"):
            path.unlink(missing_ok=True)
        for name, value in self._environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _server(period: int = 256) -> Iterator[JackServer]:
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed: sudo apt install jackd2")
    server = JackServer(period)
    yield server
    server.close()


@pytest.fixture(scope="session")
def _session_server() -> Iterator[JackServer]:
    yield from _server()


@pytest.fixture
def jack_server(_session_server: JackServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a running server that all tests share; JACK clients of this process find it."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", _session_server.name)
    return _session_server.name


@pytest.fixture
def fresh_jack_server(request: pytest.FixtureRequest) -> Iterator[JackServer]:
    """A server for one test, which may `kill` and `start` it; the (indirect) parameter is its block size, else 256."""
    yield from _server(getattr(request, "param", 256))
