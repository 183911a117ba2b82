"""The process that plays one isolated chain: a rack of its own, whose audio thread waits for the parent's.

Started by `spare.Child`; it loads everything, then waits to be told for what: a rate, and the memory of a bridge. From then
on it is the rack's end of a connection like the engine's own. Its parent ends it.
"""

import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle

import msgspec

from daemon.child import die_with_parent, lock_memory
from daemon.rack.isolation import bridge as br
from daemon.rack.player import Player
from daemon.rack.protocol import News

_FORMATS = tuple(f"daemon.plugins.{name}" for name in ("catalogue", "minihost", "clap", "builtin_process"))
POLL_S = 0.02
FIRST_ORDER_S = 60.0

_serve = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(br.serve.address)  # drops the lock


def main() -> None:
    """Run until the parent is gone or ends this. [main]"""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group
        signal.signal(number, signal.SIG_IGN)
    die_with_parent()
    connection, parent = Connection(int(sys.argv[1])), int(sys.argv[2])
    for name in _FORMATS:
        with contextlib.suppress(ImportError):  # a format that this machine does not have
            import_module(name)
    gc.collect()
    gc.freeze()
    try:
        connection.send_bytes(msgspec.msgpack.encode(News()))  # it is loaded
        rate = float(connection.recv_bytes())
        fd = recv_handle(connection)
    except (EOFError, OSError):
        return  # it was not needed
    lock_memory()
    bridge = br.mapped(fd)
    os.close(fd)
    player = Player(connection, rate, bridge["block"][0])
    player.turn(FIRST_ORDER_S)
    threading.Thread(target=_serve, args=(bridge.ctypes.data, *player.native), daemon=True, name="bridge").start()
    while os.getppid() == parent:
        player.turn(POLL_S)


if __name__ == "__main__":
    main()
