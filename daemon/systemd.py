"""Telling systemd how it goes: ready, still alive, ending. Without systemd nothing is told.

Protocol: sd_notify(3), a datagram of KEY=VALUE lines to $NOTIFY_SOCKET; and sd_watchdog_enabled(3).
"""

import contextlib
import os
import socket
import time

from daemon import messages as m


class Systemd:
    """[main]"""

    def __init__(self) -> None:
        """Whom to tell, and how often, stands in the environment."""
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        usec = os.environ.get("WATCHDOG_USEC", "")
        is_mine = os.environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self._every_s = (
            int(usec) / 2e6 if usec.isdecimal() and int(usec) and is_mine else 0.0
        )  # twice as often as asked
        self._next_at = 0.0
        self._is_ready = False

    def feed(self, message: m.Message) -> None:
        """A message as it is published: with the first engine that runs, jamd is ready."""
        if not self._is_ready and isinstance(message, m.Engine) and message.state == "running":
            self._is_ready = True
            self._tell("READY=1")

    def turn(self) -> None:
        """The main loop turns."""
        if self._every_s and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + self._every_s
            self._tell("WATCHDOG=1")

    def stop(self) -> None:
        """It ends."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if self._address:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(text.encode(), self._address)
