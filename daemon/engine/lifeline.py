"""Whether there is still a daemon: the engine must not cut its sound off when it dies, nor play on when it hangs.

Where it dies, its end of the pipe that the engine speaks into closes; where it hangs, `daemon_pulse` stands still.
"""

import os
import select
import threading
import time

import numpy as np

from daemon.engine.link import ENDED
from daemon.pulse import Pulse

SILENT_S = 0.2  # for the fade and the last note-offs, at most
HEARD_S = 0.03  # for JACK to hand over what has left


def hold(state: np.ndarray, told_fd: int) -> None:
    """Have this process end soon after the daemon does: silent, and with every note ended. [main]

    A thread waits for it, that holds no lock meanwhile: the main thread may be opening a plugin.
    """
    threading.Thread(target=_wait, args=(state, told_fd), daemon=True, name="lifeline").start()


def _wait(state: np.ndarray, told_fd: int) -> None:
    poller = select.poll()
    poller.register(told_fd, 0)  # of the end that is written to, only that nobody reads any more
    poller.poll()
    end(state)
    os._exit(ENDED)


def end(state: np.ndarray) -> None:
    """Fall silent for good and end every note; returns when that is done. [any]"""
    s, ends_at = state[0], time.monotonic() + SILENT_S
    s["hush"][1] = 1
    s["panics"][1] += 1
    while time.monotonic() < ends_at:
        if s["faded"] == s["fade_samples"] and s["panics_seen"] == s["panics"].sum() and s["ending"] == 0:
            time.sleep(HEARD_S)
            return
        time.sleep(0.002)


class Watchdog:
    """Has everything end once when the daemon hangs; what is played by hand at the engine's own inputs sounds on. [main]"""

    def __init__(self, state: np.ndarray) -> None:
        self._state, self._pulse = state[0], Pulse()

    def look(self) -> bool:
        """To be called some 50 times a second; True where the daemon has come to a stop just now."""
        if not self._pulse.look(int(self._state["daemon_pulse"]), time.monotonic()):
            return False
        self._state["panics"][1] += 1
        self._state["daemon_hangs"] += 1
        return True
