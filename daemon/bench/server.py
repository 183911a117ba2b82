"""A JACK server of the benchmark's own on the dummy driver: real-time, 48 kHz, 64-sample blocks."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

from daemon.errors import UserError

RATE, BLOCK = 48000, 64
START_S = 10.0


class NoServerError(UserError):
    """jackd is not here, or does not start."""


@contextlib.contextmanager
def jack_server() -> Iterator[str]:
    """Run one; JACK clients of this process and its children use it. Yields its name. Raises NoServerError."""
    if shutil.which("jackd") is None:
        raise NoServerError("jackd is not installed: sudo apt install jackd2")
    name = f"jamdbench{os.getpid()}"
    dummy = ["-d", "dummy", "-r", str(RATE), "-p", str(BLOCK)]
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = name
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(["jackd", "-n", name, "-R", "-P", "70", *dummy], stdout=log, stderr=log)
        ends_at = time.monotonic() + START_S
        while server.poll() is None and time.monotonic() < ends_at and not _answers(name):
            time.sleep(0.2)
        log.seek(0)
        said = log.read()
    try:
        if server.poll() is not None:
            if "Too many servers" in said:
                raise NoServerError(
                    "JACK's registry is full of servers, some of them killed: end them and remove /dev/shm/jack-shm-registry"
                )
            raise NoServerError("jackd does not start with real-time priority: see `jamd doctor`")
        yield name
    finally:
        server.terminate()
        server.wait()
        if before is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        else:
            os.environ["JACK_DEFAULT_SERVER"] = before


def _answers(name: str) -> bool:
    look = ["jack_lsp", "-s", name]
    try:
        return subprocess.run(look, capture_output=True, check=False, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
