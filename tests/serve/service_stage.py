"""`jamd serve` as a process of the tests', its clients over ZeroMQ, and what the machine knows of its processes."""

import contextlib
import io
import itertools
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile
import zmq

from daemon.curve import identify
from daemon.keyring import Key

ROOT = Path(__file__).parents[2]
RATE = 48000
LATEST_S = 150.0  # for what must come at some time, on a machine that may have to compile

PHRASE = [(0, 60), (1, 62), (2, 64), (3, 67), (4, 65), (5, 64), (6, 62), (7, 60)]


def of_seconds(n: int) -> bytes:
    """A sound file of a few bytes that takes long."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(n * 1000, np.int16), 1000, format="FLAC")
    return file.getvalue()


LONG = {"cmd": "analyse", "sound": of_seconds(1790)}
NOTES = [{"beat": beat, "beats": 1.0, "midi": midi, "velocity": 90} for beat, midi in PHRASE]


class Client:
    """One DEALER."""

    def __init__(self, address: str, as_json: bool = False, key: Key | None = None) -> None:
        self.socket: zmq.Socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        if key is not None:
            identify(self.socket, key)
        self.socket.connect(address)
        self._code = msgspec.json if as_json else msgspec.msgpack
        self._numbers = itertools.count(1)

    def send(self, *commands: dict[str, Any], **more: Any) -> Any:
        """Ask; gives the id."""
        request = {"id": next(self._numbers), "do": list(commands)} | more
        self.socket.send(self._code.encode(request))
        return request["id"]

    def next(self) -> bytes:
        """The next answer as it comes."""
        assert self.socket.poll(int(1000 * LATEST_S)), "no answer"
        return self.socket.recv()

    def take(self) -> dict[str, Any]:
        return self._code.decode(self.next())

    def ask(self, *commands: dict[str, Any], **more: Any) -> dict[str, Any]:
        name = self.send(*commands, **more)
        answer = self.take()
        assert answer["id"] == name
        return answer

    def result(self, cmd: str, **arguments: Any) -> Any:
        answer = self.ask({"cmd": cmd, **arguments})
        assert "error" not in answer, answer
        return answer["results"][0]

    def refused(self, cmd: str, **arguments: Any) -> tuple[int, str]:
        error = self.ask({"cmd": cmd, **arguments})["error"]
        return error["code"], error["text"]

    def close(self) -> None:
        self.socket.close()


class Serving:
    """`jamd serve` with one worker; it has said "ready", or whatever is waited for, when this returns."""

    def __init__(self, folder: Path, *more: str, address: str = "", page: str = "off", says: str = "ready") -> None:
        self.address = address or f"ipc://{folder}/ask"
        (folder / "tmp").mkdir()
        command = [sys.executable, "-m", "daemon.cli", "serve", "--address", self.address, "--page", page]
        self.process = subprocess.Popen(
            [*command, "--workers", "1", *more],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder / "tmp"), "JAMD_KEYS": str(folder / "keys")},
            stderr=subprocess.PIPE,
        )
        self.tmp, self.said = folder / "tmp", ""
        self.until(lambda: says in self.read())

    def read(self) -> str:
        """What it has said on its standard error."""
        assert self.process.stderr is not None
        while select.select([self.process.stderr], [], [], 0)[0]:
            if not (got := os.read(self.process.stderr.fileno(), 65536)):
                break
            self.said += got.decode()
        return self.said

    def until(self, is_so: Callable[[], object]) -> None:
        until(is_so, lambda: self.process.poll() is None, self.read)

    @property
    def worker(self) -> int:
        """Its worker's process id; 0 while there is none."""
        return next(children(self.process.pid, "daemon.answering.process"), 0)

    def stop(self, by: int = signal.SIGINT) -> int:
        """End it; gives its code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(30)
        finally:
            self.read()
            self.process.kill()
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()


def until(
    is_so: Callable[[], object], lives: Callable[[], bool] = lambda: True, why: Callable[[], object] = lambda: ""
) -> None:
    """Wait for something that must come."""
    ends_at = time.monotonic() + LATEST_S
    while not is_so():
        assert time.monotonic() < ends_at and lives(), why()
        time.sleep(0.02)


def children(pid: int, module: str) -> Iterator[int]:
    """The process ids below `pid` that run a module."""
    parents: dict[int, int] = {}
    runs: list[int] = []
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
            parents[int(place.name)] = int(parent)
            words = (place / "cmdline").read_bytes().split(b"\0")
            if state != "Z" and module.encode() in words:
                runs.append(int(place.name))
    for one in sorted(runs):
        above = one
        while above > 1 and above != pid:
            above = parents.get(above, 0)
        if above == pid:
            yield one


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def files(folder: Path) -> list[Path]:
    """All files below, but for one of onnxruntime's own."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".ses"]
