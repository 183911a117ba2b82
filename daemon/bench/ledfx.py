"""LedFx, the peer that turns sound into light: started for itself, with one E1.31 device and its effect `energy`."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daemon.bench.peer import PeerError

START_S = 60.0
SETTLE_S = 2.0  # after the effect is on
INPUT = "PortAudio:in_0"
"""The JACK port that it listens at."""


@contextmanager
def ledfx(program: str, host: str, universe: int, http_port: int = 8899) -> Iterator[str]:
    """Run it on the JACK server at hand, sending sACN by unicast to `host`; yields its version. Raises PeerError. [main]"""
    path = shutil.which(program)
    if path is None:
        raise PeerError(f"{program} is not installed: pip install ledfx, in an environment of its own")
    with tempfile.TemporaryDirectory() as home, open(os.devnull, "w") as nowhere:
        command = [path, "--offline", "--no-tray", "--host", "127.0.0.1", "-p", str(http_port), "-c", home]
        # in a session of its own, for it opens a tray and helpers where it can
        running = subprocess.Popen(
            command, stdout=nowhere, stderr=nowhere, env=os.environ | {"HOME": home}, start_new_session=True
        )
        try:
            at = f"http://127.0.0.1:{http_port}/api"
            version = _wait(running, f"{at}/info")["version"]
            device = {"name": "bench", "ip_address": host, "pixel_count": 8, "universe": universe}
            _ask(f"{at}/devices", {"type": "e131", "config": device})
            _ask(f"{at}/virtuals/bench/effects", {"type": "energy", "config": {}})
            time.sleep(SETTLE_S)
            yield version
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _wait(running: subprocess.Popen, url: str) -> dict[str, Any]:
    ends_at = time.monotonic() + START_S
    while time.monotonic() < ends_at and running.poll() is None:
        try:
            return _ask(url)
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise PeerError("LedFx did not start; try it by hand: ledfx --offline --no-tray")


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())
