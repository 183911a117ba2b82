"""What a process does first: it ends with the one that started it, stays in memory, and finds the daemon's socket."""

import contextlib
import ctypes
import os
import signal
import socket
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


def linked(nice: int = 0) -> socket.socket:
    """A companion's way to the daemon (daemon.companion), non-blocking; it steps back by `nice`. [main]

    Signals that go to the whole group are the daemon's to hear: it ends its companions itself.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(nice)
    daemon = socket.socket(fileno=int(sys.argv[1]))
    daemon.setblocking(False)
    return daemon
