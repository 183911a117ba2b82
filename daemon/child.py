"""What a process that plays sound does first: it ends with the one that started it, and stays in memory."""

import ctypes
import os
import signal
import sys


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends, however that comes. Linux only. [main]"""
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lock_memory() -> None:
    """Keep this process in memory where that is allowed without a limit, as JACK does for its clients. [main]"""
    if sys.platform != "linux":
        return
    import resource

    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    if unlimited or os.geteuid() == 0:
        MCL_CURRENT_AND_FUTURE = 3
        ctypes.CDLL(None).mlockall(MCL_CURRENT_AND_FUTURE)
