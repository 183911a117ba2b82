"""Fixtures that more than one folder of tests needs: JACK servers of the tests' own."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


class JackServer:
    """A `jackd` on the dummy driver, under a name nobody else has, that this process's JACK clients find."""

    def __init__(self) -> None:
        self.name = f"jamd-test-{uuid.uuid4().hex[:8]}"
        self._process: subprocess.Popen | None = None
        self._environ = {name: os.environ.get(name) for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
        self.start()

    def start(self) -> None:
        """Start, or start again after `kill`; returns when clients can connect."""
        os.environ.update(JACK_DEFAULT_SERVER=self.name, JACK_NO_START_SERVER="1")
        command = ["jackd", "-n", self.name, "-r", "-d", "dummy", "-r", "48000", "-p", "256"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ends_at = time.monotonic() + 10.0
        while subprocess.run(["jack_lsp", "-s", self.name], capture_output=True, check=False).returncode != 0:
            if self._process.poll() is not None:
                raise RuntimeError(
                    "jackd ended at its start; are eight others registered? see /dev/shm/jack-shm-registry"
                )
            assert time.monotonic() < ends_at, "jackd does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the server and give the environment back.

        A killed server stays in JACK's registry, which holds eight; only its namesake can take it out again.
        """
        if self._process is not None:
            if self._process.poll() is not None:
                self.start()
            self._process.terminate()
            self._process.wait(timeout=10)
        for path in Path("/dev/shm").glob(f"*{self.name}*"):
            path.unlink(missing_ok=True)
        for name, value in self._environ.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _server() -> Iterator[JackServer]:
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed: sudo apt install jackd2")
    server = JackServer()
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
def fresh_jack_server() -> Iterator[JackServer]:
    """A server for one test, which may `kill` and `start` it."""
    yield from _server()
