"""A process that plays what jamd's plugin host opens, each stem in a child of its own, which may crash, hang or lie.

A child is forked of a process that has loaded everything but a plugin: it begins at once, and no plugin knows what was
played before, not even by what its library keeps for itself. Only this module of the training imports the plugin host.
"""

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import NamedTuple

import numpy as np

from daemon.child import die_with_parent

BLOCK = 2048  # samples; what is called for each costs more than the sound in it
ON, OFF = 0x90, 0x80
HANGS, CRASHES = "hangs", "crashes"


class Order(NamedTuple):
    """What one stem is."""

    uri: str  # of the LV2 plugin
    preset: str  # its factory preset's name; "": as it opens
    turned: tuple[tuple[str, float], ...]  # then its parameters by id, 0..1
    events: np.ndarray  # int64 (n, 4): sample, status, data 1, data 2; by sample
    length: int  # samples
    rate: int


def serve(pipe: Connection) -> None:
    """Say which LV2 plugins are there, then answer each (Order, patience in s) with its sound, or with why there is none.

    The sound: float32 (length,), mono, as bytes. For multiprocessing's spawn; ends with its parent, or with the pipe.
    """
    die_with_parent()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        from daemon.errors import UserError
        from daemon.plugins import lilv, minihost  # whose own thread begins in the child: it would not be forked
    except (ImportError, OSError):
        pipe.send([])
        return
    try:
        there = lilv.world().plugins()
    except UserError:
        there = []
    del minihost
    pipe.send(there)
    while True:
        try:
            order, patience_s = pipe.recv()
        except EOFError:
            return
        pipe.send(_answer(order, patience_s))


def _answer(order: Order, patience_s: float) -> bytes | str:
    """Play in a child."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            die_with_parent()
            theirs.send(_play(order))
        except Exception as error:
            theirs.send(" ".join(str(error).split()) or type(error).__name__)
        finally:
            os._exit(0)  # a plugin's leavings are not to be waited for
    theirs.close()
    with ours:
        try:
            answer: bytes | str = ours.recv() if ours.poll(patience_s) else HANGS
        except EOFError:
            answer = CRASHES
    if answer == HANGS:
        os.kill(child, 9)
    os.waitpid(child, 0)
    return answer


def _play(order: Order) -> bytes:
    """Raises PluginError."""
    from daemon.plugins.minihost import open_minihost
    from daemon.plugins.perform import perform
    from daemon.plugins.plugin import PluginError

    plugin = open_minihost("lv2", order.uri, order.rate, BLOCK)
    if order.preset:
        if order.preset not in plugin.info.programs:
            raise PluginError(f"it has no preset {order.preset!r}")
        plugin.select_program(plugin.info.programs.index(order.preset))
    index = {param.id: param.index for param in plugin.info.params}
    for name, value in order.turned:
        if name not in index:
            raise PluginError(f"it has no parameter {name!r}")
        plugin.set(index[name], value)
    late = plugin.latency()
    sound = perform(plugin, order.events, order.length + late, order.rate, BLOCK)
    return sound[:2].mean(axis=0, dtype=np.float32)[late:].tobytes()
