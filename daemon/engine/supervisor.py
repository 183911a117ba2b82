"""The supervisor: starts the engine process, sees it die or hang, and starts it again with the same order.

Loading an engine takes about a second, so a spare one is kept loaded: what is heard of a crash is a tenth of that.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from daemon.engine.link import ENDED, FAILED, LOST, Memory, Wake

HANG_S = 0.5  # no block for this long while running
SETTLE_S = 2.0  # after a start, before a spare is loaded beside it
START_S = 20.0  # before it runs
ACK_S = 1.0  # before a loaded spare has taken its order
LOADED_S = 5.0  # after its start a spare is surely loaded
END_S = 0.5  # for a process that said it ends
COMPILE_S = 600.0  # before it first runs: the first start ever compiles its kernels, on a busy machine for minutes


class Supervisor:
    """Owns the record's memory, the wake-up and the engine process. [main]"""

    def __init__(self, order: dict[str, Any]) -> None:
        """`order` is what daemon.engine.process.main reads, less the descriptors; nothing runs yet."""
        self.memory, self.wake = Memory(), Wake()
        self.state = self.memory.state
        # each engine's is one more: so none comes twice, of another daemon either
        self.state["epoch"] = int(time.time())
        self.order = order
        self.running = False
        self.on_start: Callable[[Connection], None] | None = None  # is handed the way to each engine before it starts
        self.connection: Connection | None = None  # to what fills the engine's plugin slot
        self._process: subprocess.Popen[bytes] | None = None
        self._spare: subprocess.Popen[bytes] | None = None  # loaded, and waiting to take over
        self._ways: dict[subprocess.Popen[bytes], Connection] = {}
        self._spare_at = 0.0
        self._took_order = self._was_loaded = False
        self._ran_at = 0.0
        self.heard_fd, self._tell = os.pipe()  # readable when the engine has said something
        os.set_blocking(self.heard_fd, False)
        self._partial = b""
        self._progress, self._since, self._played = -1, 0.0, 0
        self._connections: list[list[str]] | None = None  # of the engine's JACK ports, for the one after it

    @property
    def pid(self) -> int:
        """The engine's process id; 0 while there is none."""
        return self._process.pid if self._process else 0

    def start(self, retry: bool = False) -> None:
        """Start the engine; with `retry` it waits for its device instead of failing."""
        late = {"retry": retry, "skip_samples": self._played, "connections": self._connections}
        go = json.dumps(late).encode() + b"\n"
        self.running = self._took_order = False
        while True:
            self._was_loaded = self._spare is not None and time.monotonic() - self._spare_at > LOADED_S
            self._process, self._spare = self._spare or self._spawn(), None
            assert self._process.stdin is not None
            self.connection = self._ways[self._process]
            try:
                if self.on_start is not None:
                    self.on_start(self.connection)
                self._process.stdin.write(go)
                self._process.stdin.close()
                break
            except BrokenPipeError:  # a spare that has died unseen
                self._end(self._process)
        self._mark()

    def _spawn(self) -> subprocess.Popen[bytes]:
        """A process that loads what an engine needs and waits for its order."""
        near, far = Pipe()
        passed = (self.memory.fd, self.wake.write_fd, self._tell, far.fileno())
        order = self.order | dict(zip(("memory_fd", "wake_fd", "say_fd", "rack_fd"), passed, strict=True))
        command = [sys.executable, "-m", "daemon.engine.process", json.dumps(order)]
        environment = os.environ | {
            "LD_BIND_NOW": "1",
            "QT_QPA_PLATFORM": "offscreen",
        }  # plugins: no late binding, no window
        process = subprocess.Popen(command, pass_fds=passed, stdin=subprocess.PIPE, bufsize=0, env=environment)
        far.close()
        self._ways[process] = near
        return process

    def poll(self) -> list[dict[str, Any]]:
        """What the engine said or what became of it since the last call, oldest first.

        Each is a dict with "engine": running, connected, silent, lost, failed, ended, died or hung. After lost, died or
        hung there is no engine until `start` is called again.
        """
        news = self._listen()
        if any(item["engine"] == "running" for item in news):
            self.running, self._ran_at = True, time.monotonic()
            self._mark()
        self._keep_spare()
        if self._process is None:
            return news
        code = self._process.poll()
        if any(item["engine"] in ("lost", "failed", "ended") for item in news):
            code = self._wait(code)
        elif code is None and self._hangs():
            self._end(self._process)
            code = -signal.SIGKILL
            news.append({"engine": "hung", "error": "the engine handled no block in time and was ended"})
        elif code is None:
            return news
        elif code not in (ENDED, FAILED, LOST):
            news += [*self._listen(), {"engine": "died", "error": f"the engine process ended with {_reason(code)}"}]
        else:
            news += self._listen()
        self._end(self._process)
        self.running, self._process, self.connection = False, None, None
        self._played += int(self.state["sample_time"][0])
        return news

    def _keep_spare(self) -> None:
        """Have one stand ready beside an engine that has settled."""
        if self._spare is not None and self._spare.poll() is not None:
            self._end(self._spare)
            self._spare = None
        if self._spare is None and self.running and time.monotonic() - self._ran_at > SETTLE_S:
            self._spare, self._spare_at = self._spawn(), time.monotonic()

    def _wait(self, code: int | None) -> int:
        """The exit code of a process that said it ends; ended if it does not."""
        assert self._process is not None
        if code is None:
            try:
                code = self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                code = 0
        self._end(self._process)
        return code

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        way = self._ways.pop(process, None)
        if way is not None:
            way.close()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    def _mark(self) -> None:
        self._progress, self._since = -1, time.monotonic()

    def _hangs(self) -> bool:
        """Whether the callback (or before it runs, the process's start) has made no progress for too long."""
        progress = int(self.state["blocks" if self.running else "pulse"][0])
        now = time.monotonic()
        if progress != self._progress:
            self._progress, self._since = progress, now
        return now - self._since > self._patience_s()

    def _patience_s(self) -> float:
        if self.running:
            return HANG_S
        if self._was_loaded and not self._took_order:
            return ACK_S
        return START_S if self._ran_at else COMPILE_S

    def _listen(self) -> list[dict[str, Any]]:
        with contextlib.suppress(BlockingIOError):
            self._partial += os.read(self.heard_fd, 65536)
        *lines, self._partial = self._partial.split(b"\n")
        news = [json.loads(line) for line in lines]
        if {"engine": "ordered"} in news:
            self._took_order = True
            self._mark()
        for item in news:
            self._connections = item.get("connections", self._connections)
        return [item for item in news if item["engine"] != "ordered"]

    def stop(self) -> None:
        """End the engine; nothing is to be saved there."""
        for process in (self._process, self._spare):
            if process is not None:
                self._end(process)
        self._process = self._spare = self.connection = None
        self.running = False

    def close(self) -> None:
        """End the engine and give every descriptor back."""
        self.stop()
        for fd in (self.heard_fd, self._tell):
            os.close(fd)
        self.wake.close()
        self.memory.close()


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # a real-time signal has no name
        return f"signal {-code}"
