"""A JACK server of the benchmark's own on the dummy driver: real-time, 48 kHz, 64-sample blocks."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator

from daemon.errors import UserError

RATE, BLOCK = 48000, 64


class NoServerError(UserError):
    """jackd is not here, or does not start."""


@contextlib.contextmanager
def jack_server() -> Iterator[str]:
    """Run one; JACK clients of this process and its children use it. Yields its name. Raises NoServerError."""
    if shutil.which("jackd") is None:
        raise NoServerError("jackd is not installed: sudo apt install jackd2")
    name = f"jamdbench{os.getpid()}"
    dummy = ["-d", "dummy", "-r", str(RATE), "-p", str(BLOCK)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = name
    server = subprocess.Popen(["jackd", "-n", name, "-R", "-P", "70", *dummy], **silent)  # type: ignore[call-overload]
    try:
        time.sleep(1.5)
        if server.poll() is not None:
            raise NoServerError("jackd does not start with real-time priority: see `jamd doctor`")
        yield name
    finally:
        server.terminate()
        server.wait()
        if before is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        else:
            os.environ["JACK_DEFAULT_SERVER"] = before
