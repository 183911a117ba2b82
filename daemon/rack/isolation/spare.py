"""The parent's view of a child process, and a spare one that stands loaded: what is heard of a crash is as short as that."""

import os
import signal
import subprocess
import sys
from multiprocessing.connection import Pipe, wait
from multiprocessing.reduction import send_handle

from daemon.rack.way import Way


class Child:
    """One process of daemon.rack.isolation.child. [main]"""

    def __init__(self) -> None:
        """Start it; it loads what it needs, and waits."""
        self._connection, far = Pipe()
        self.way = Way(self._connection)
        command = [sys.executable, "-m", "daemon.rack.isolation.child", str(far.fileno()), str(os.getpid())]
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"LD_BIND_NOW": "1", "QT_QPA_PLATFORM": "offscreen"}
        self._process = subprocess.Popen(command, pass_fds=(far.fileno(),), stdin=subprocess.DEVNULL, env=environment)
        far.close()
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)

    def begin(self, rate: float, fd: int) -> None:
        """Say what for: `rate` in Hz, and the memory file of a BRIDGE. Raises OSError where it has died."""
        self._connection.send_bytes(repr(float(rate)).encode())
        send_handle(self._connection, fd, self.pid)

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return bool(wait([self._pidfd], 0))

    def end(self) -> str:
        """Kill it if it lives; how it ended, in words."""
        self._process.kill()
        code = self._process.wait()
        os.close(self._pidfd)
        self.way.close()
        self._connection.close()
        if code >= 0:
            return f"exit code {code}"
        return signal.strsignal(-code) or f"signal {-code}"


class Spare:
    """A pool of one. [main]"""

    def __init__(self) -> None:
        self._child: Child | None = None

    def take(self) -> Child:
        """The one that stands ready, or a new one."""
        child, self._child = self._child, None
        if child is not None and child.is_dead:
            child.end()
            child = None
        return child or Child()

    def keep(self) -> None:
        """Have one loaded, or loading."""
        if self._child is None or self._child.is_dead:
            self.close()
            self._child = Child()

    def close(self) -> None:
        """End it."""
        if self._child is not None:
            self._child.end()
            self._child = None
