"""A child process that probes plugins, as its parent sees it. [main]"""

import contextlib
import os
import subprocess
import sys
import time

import msgspec

from daemon.plugins.probe import Answer, Task

START_S = 240.0  # for it to be ready: it may have to compile


class Prober:
    """One process that probes, and the task that it has."""

    def __init__(self) -> None:
        environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon.plugins.probe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ | {"QT_QPA_PLATFORM": "offscreen"},
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.unread = b""
        self.ends_at = time.monotonic() + START_S
        self.task: Task | None = None
        self.left: list[str] | None = None  # names that the task has still to do; None = not known yet
        self.begun = ""
        self.is_ready = False
        self.n_probed = 0

    def give(self, task: Task, limit_s: float) -> None:
        assert self.process.stdin is not None
        self.task, self.left, self.begun = task, task.names, ""
        self.ends_at = time.monotonic() + limit_s
        with contextlib.suppress(BrokenPipeError):  # its end is seen when it is read
            self.process.stdin.write(msgspec.json.encode(task) + b"\n")
            self.process.stdin.flush()

    def read(self) -> tuple[list[Answer], bool]:
        """What it said, and whether it has ended."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        *lines, self.unread = (self.unread + (said or b"")).split(b"\n")
        return [msgspec.json.decode(line, type=Answer) for line in lines], said == b""

    def end(self) -> int:
        """Kill it; its exit code, where it had ended itself."""
        code = self.process.poll()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return self.process.returncode if code is None else code
