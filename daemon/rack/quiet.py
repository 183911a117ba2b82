"""Ending what sounds in the plugins after a panic, or a howling delay would go on where it was silenced.

A plugin must not run while it is reset; so each fades out as if it were not there, is reset, and comes back. A panic is
silent for longer than that takes.
"""

import time
from collections.abc import Iterable

import numpy as np

from daemon.rack.arrangement import Arrangement
from daemon.rack.live import LiveSlot

GIVE_UP_S = 0.5  # where no block comes in which it could fade


class Quiet:
    """[main]"""

    def __init__(self, record: np.ndarray, arrangement: Arrangement) -> None:
        """`record` is the RACK record, shape (1,)."""
        self._record, self._arrangement = record, arrangement
        self._heard = 0
        self._loud: set[LiveSlot] = set()  # that are not reset yet
        self._until = 0.0

    def turn(self, plugins: Iterable[LiveSlot]) -> bool:
        """Begin where a panic was heard, and go on; True where the audio thread is to be told something."""
        heard, there = int(self._record["panics"][0]), set(plugins)
        if heard != self._heard:
            self._heard, self._loud, self._until = heard, there, time.monotonic() + GIVE_UP_S
        if not self._loud:
            return False
        over = time.monotonic() > self._until
        for live in list(self._loud):
            if live in there and not over and not live.is_silent:
                self._arrangement.be(live, 0.0)
                continue
            self._loud.discard(live)
            if live in there:
                if live.is_silent:
                    live.plugin.reset()
                self._arrangement.be(live, 1.0)
        return True
