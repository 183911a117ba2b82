"""Where a child's audio thread runs: beside the one that waits for it, on its processor and just below its priority.

On one processor a block's way there and back is half as long as between two. As the child's priority is lower, one that
never ends its work does not keep the audio thread from going on. A real-time audio thread is held where it is meanwhile: the
scheduler would move it away from the child each time it wakes.
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
        self._put: dict[int, tuple[int, int]] = {}  # thread -> processor, and priority
        self._held = 0  # the audio thread, if it is held,
        self._free: set[int] = set()  # and where it was allowed to be before

    def follow(self, threads: set[int]) -> None:
        """Put these threads there, as far as that is permitted; to be called often."""
        cpu, audio = int(self._rack["cpu"][0]), int(self._rack["thread"][0])
        if audio <= 0:
            return
        with contextlib.suppress(OSError):  # the audio thread has ended
            priority = self._priority(audio)
            self._hold(audio if priority and threads else 0, cpu)
            self._put = {thread: where for thread, where in self._put.items() if thread in threads}
            for thread in threads:
                if self._put.get(thread) != (cpu, priority):
                    self._put[thread] = cpu, priority
                    _put(thread, cpu, priority - 1)

    def _priority(self, audio: int) -> int:
        """The audio thread's; 0 where it is not real-time."""
        policy = os.sched_getscheduler(audio) & ~os.SCHED_RESET_ON_FORK
        return os.sched_getparam(audio).sched_priority if policy in _REAL_TIME else 0

    def _hold(self, audio: int, cpu: int) -> None:
        """Hold this thread where it is; 0: let it go."""
        if audio == self._held:
            return
        held, self._held = self._held, audio
        if held:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(held, self._free)
        if audio:
            self._free = os.sched_getaffinity(audio)
            os.sched_setaffinity(audio, {cpu})


def _put(thread: int, cpu: int, priority: int) -> None:
    with contextlib.suppress(OSError):
        os.sched_setaffinity(thread, {cpu})
        if priority > 0:
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority))
