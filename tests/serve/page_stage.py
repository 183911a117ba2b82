"""A daemon that plays the demo without a sound card, with everything on that the page shows."""

import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import zmq

from daemon import messages as m
from daemon.ctl.client import ask
from daemon.listen import decode
from daemon.recommend.library.store import Library
from tests.engine_alone import TEXT
from tests.reach.peer import free_port
from tests.recommend.booth_stage import items

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><b>not bold</b>"

CONFIG = (
    """
[engine]
driver = "timer"
input = "call"
loop = true
dry = 0.8
block_size = 256
[midi]
api = "off"
[rack]
preset = "demo"
[recommend]
library = "{folder}/library"
recognise = false
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "ipc://{folder}/control"
[page]
address = "127.0.0.1:0"
[osc]
input = "127.0.0.1:{osc}"
[lights]
sacn = ["127.0.0.1"]
[record]
folder = "{folder}/kept"
minutes = 1.0
"""
    + TEXT
)


class Playing:
    """`jamd run`; `url` is where its page is."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.osc = folder, free_port()
        tracks = items()
        tracks[0] = msgspec.structs.replace(tracks[0], title=HOSTILE)
        with Library.open(folder / "library") as made:
            made.put(tracks, "test")
        config = folder / "config.toml"
        config.write_text(CONFIG.format(folder=folder, osc=self.osc))
        self._log = (folder / "log").open("wb")
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        environ = os.environ | {"XDG_DATA_HOME": str(folder / "data")}
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, cwd=root, stderr=self._log, stdout=self._log, env=environ)
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        for kind in ("plugin_param", "panic", "heartbeat", "rack_state"):
            self.socket.subscribe(m.topic(kind))
        self.socket.connect(f"ipc://{folder}/wire")
        self.url = self._where()

    def _where(self) -> str:
        ends_at = time.monotonic() + 240.0
        while time.monotonic() < ends_at:
            said = (self.folder / "log").read_text(errors="replace")
            found = re.search(r"the page is on (\S+)", said)
            if found:
                return found[1]
            assert self.process.poll() is None, said
            time.sleep(0.1)
        raise AssertionError("it does not say where the page is")

    def do(self, *commands: dict[str, Any]) -> list[Any]:
        answer = ask(f"ipc://{self.folder}/control", list(commands))
        assert "error" not in answer, answer
        return answer["results"]

    def do_in_time(self, command: dict[str, Any]) -> None:
        """What a process beside the daemon is to do, which may be too busy at first."""
        for _ in range(10):
            answer = ask(f"ipc://{self.folder}/control", [command])
            if answer.get("error", {}).get("code") != 504:
                break
        assert "error" not in answer, answer

    def heard(self, kind: type, fits: Callable[[Any], object] = lambda message: True, seconds: float = 30.0) -> Any:
        """The next message on the wire that fits, of those that have come and will."""
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0:
            if self.socket.poll(1000 * left):
                message = decode(self.socket.recv_multipart())
                if isinstance(message, kind) and fits(message):
                    return message
        raise AssertionError(f"no {kind.__name__} that fits")

    def passed_over(self) -> None:
        """What has come on the wire so far is of no interest."""
        while self.socket.poll(0):
            self.socket.recv_multipart()

    def send_osc(self, address: str, value: float) -> None:
        """To the daemon."""
        packed = [one.encode() + b"\0" * (4 - len(one) % 4) for one in (address, ",f")]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"".join(packed) + struct.pack(">f", value), ("127.0.0.1", self.osc))

    def cut(self) -> None:
        """Kill the process that serves the page."""
        pid = self.process.pid
        children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        fronts = [one for one in children if b"daemon.front.process" in Path(f"/proc/{one}/cmdline").read_bytes()]
        assert fronts
        for front in fronts:
            os.kill(front, signal.SIGKILL)

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(20) == 0, (self.folder / "log").read_text(errors="replace")[-2000:]
        finally:
            self.process.kill()
            self._log.close()
            self.socket.close()
