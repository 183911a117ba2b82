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


def end_with_parent() -> None:
    """As `die_with_parent`, but with three seconds to end in good order: for who notices by himself. Linux only. [main]

    The kernel sends SIGQUIT, which is number 3, and libc's own `alarm` is the handler: it takes its argument for seconds.
    So the end comes though the interpreter never runs again, and no code of ours runs in a handler.
    """
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        libc = ctypes.CDLL(None)
        libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
        libc.signal.restype = ctypes.c_void_p
        libc.signal(signal.SIGQUIT, ctypes.cast(libc.alarm, ctypes.c_void_p))
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def lock_memory() -> None:
    """Keep this process in memory where that is allowed without a limit, as JACK does for its clients. [main]"""
    if sys.platform != "linux":
        return
    import resource

    unlimited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY
    if unlimited or os.geteuid() == 0:
        MCL_CURRENT_AND_FUTURE = 3
        ctypes.CDLL(None).mlockall(MCL_CURRENT_AND_FUTURE)
