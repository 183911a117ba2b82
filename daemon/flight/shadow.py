"""The shadow: runs the analysers over what was recorded, so that each segment knows how they stood at its beginning.

An analyser remembers all of a stream. Once a stream's beginning has gone, what it said later comes again only from its
state, which lies in the engine's own memory; but the same machine code over the same samples makes the same state.
"""

import contextlib
import os
import queue
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from daemon.flight.segment import STATE, Segment

if TYPE_CHECKING:
    from daemon.flight.analysers import Analysers

NICE = 10


class Shadow:
    """A thread of the recorder's. Methods: [main]."""

    def __init__(self) -> None:
        """Nothing is loaded before the first segment ends."""
        self._queue: queue.SimpleQueue[Segment | None] = queue.SimpleQueue()
        self._last: Segment | None = None
        self._analysers: Analysers | None = None
        self._at = (-1, -1)  # (epoch, sample)
        self._thread: threading.Thread | None = None
        self._given = self._done = 0  # segments; each has one writer

    def follow(self, done: Segment) -> None:
        """A segment has ended."""
        if not done.samples:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)
            self._thread.start()
        self._given += 1
        self._queue.put(done)

    def is_at(self, one: Segment) -> bool:
        """Whether a segment's state may still come."""
        return self._given > self._done and not (one.path / STATE).exists()

    def close(self) -> None:
        """What was not done is left undone."""
        self._queue.put(None)

    def _work(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while (segment := self._queue.get()) is not None:
            try:
                self._pass(segment)
            except Exception:  # it has gone, or cannot be written: then there is no state
                traceback.print_exc()
            self._done += 1

    def _pass(self, segment: Segment) -> None:
        from daemon.flight.analysers import Analysers

        label = segment.label
        if (label.epoch, label.first) != self._at or self._analysers is None:
            self._analysers = Analysers.at(segment)
        elif self._analysers.can_be_kept:
            beside = segment.path / f"{STATE}.part"
            with contextlib.suppress(OSError):  # no room: then there is no state, but the next segment's may come
                beside.write_bytes(self._analysers.state())
                os.replace(beside, segment.path / STATE)
        self._at = (-1, -1)
        if self._analysers is not None:
            self._analysers.hear(segment.sound())
            self._at = label.epoch, segment.end
