"""Where a child's audio thread runs: beside the one that waits for it, on its processor and just below its priority.

On one processor a block's way there and back is a quarter as long as between two; and as the child's priority is lower, one
that never ends its work does not keep the audio thread from going on.
"""

import contextlib
import os

import numpy as np

_REAL_TIME = (os.SCHED_FIFO, os.SCHED_RR)


class Beside:
    """Follows the audio thread. [main]"""

    def __init__(self, rack: np.ndarray) -> None:
        """`rack`: the RACK record, shape (1,), whose kernel says where it runs."""
        self._rack = rack
        self._put: dict[int, tuple[int, int]] = {}

    def follow(self, threads: set[int]) -> None:
        """Put these threads there, as far as that is permitted; to be called often."""
        cpu, audio = int(self._rack["cpu"][0]), int(self._rack["thread"][0])
        if audio <= 0:
            return
        self._put = {thread: where for thread, where in self._put.items() if thread in threads}
        for thread in threads:
            if self._put.get(thread) != (cpu, audio):
                self._put[thread] = cpu, audio
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(thread, {cpu})
                with contextlib.suppress(OSError):
                    if os.sched_getscheduler(audio) & ~os.SCHED_RESET_ON_FORK in _REAL_TIME:
                        priority = os.sched_getparam(audio).sched_priority - 1
                        os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(max(1, priority)))
