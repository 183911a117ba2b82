"""The engine process: owns the stream, the callback and the plugins; may die without taking the daemon along.

Started by the supervisor with one JSON argument; it loads everything, then waits for a line on its standard input (the
rest of its order) before it touches the record or a device. So a spare one can stand ready. Once it runs, its main thread
only feeds the source ring and watches the driver.
"""

import gc
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np

from daemon import registry
from daemon.child import end_with_parent, lock_memory
from daemon.engine import lifeline
from daemon.engine import state as st
from daemon.engine.driver import Driver, DriverError, NoServerError
from daemon.engine.jack import Jack
from daemon.engine.link import ENDED, FAILED, LOST, Memory, say
from daemon.engine.offline import SILENCE_AFTER, load
from daemon.engine.portaudio import PortAudio
from daemon.engine.timer import Timer

POLL_S = 0.02
RETRY_S = 0.25


class Player(Protocol):
    """What fills the plugin slot: made by "module:class"(connection, rate, block) in the engine process. All [main]."""

    native: tuple[int, int]  # void f(BLOCK*, uintptr_t own), and own

    def turn(self, wait_s: float) -> None:
        """Do what is asked for on the connection, waiting for it for at most so long; then what takes time."""


def main() -> None:
    """Run until the source ends, the device is lost, or the daemon is gone. [main]"""
    order = json.loads(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the daemon ends us
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()
    analysers = [registry.analyser(kind, name) for kind, name in order["analysers"]]
    player_class = _named(order["player"]) if order.get("player") else None
    go = sys.stdin.readline()
    if not go:
        return  # the daemon ended
    order |= json.loads(go)
    say(order["say_fd"], engine="ordered")
    lock_memory()
    state = Memory(order["memory_fd"]).state
    epoch = int(state["epoch"][0]) + 1
    state.view(np.uint8)[:] = 0
    lifeline.hold(state, order["say_fd"])
    driver = _open(state, order)
    rate = driver.opened.rate
    st.prepare(state, rate, order["channels"], driver.opened.block_size)
    for name in ("dry", "wet", "ceiling"):
        state[name] = order[name]
    state["eventfd"] = order["wake_fd"]
    kept = load(state, analysers)
    blocks = _source(order, rate, state)
    if blocks is not None:
        state["source_on"] = 1
        _feed(state, blocks)
    player = player_class(Connection(order["rack_fd"]), rate, state["block"][0]) if player_class else None
    if player is not None:
        player.turn(0.0)
        state["rack"] = player.native
    gc.collect()
    gc.freeze()
    state["epoch"] = epoch
    driver.start()
    say(order["say_fd"], engine="running", epoch=epoch, **driver.opened._asdict())
    _watch(state, driver, blocks, order["say_fd"], player)
    del kept  # the analysers' memory outlives the callback


def _named(name: str) -> Any:
    """The class that "module:class" names; so the engine knows none of those it loads."""
    module, _, kind = name.partition(":")
    return getattr(import_module(module), kind)


def _source(order: dict[str, Any], rate: int, state: np.ndarray) -> Iterator[np.ndarray] | None:
    """The blocks that stand in for the device's input, from a "module:class" with `blocks(rate)`; None for the device."""
    source = order["source"]
    if source is None:
        return None
    opened = _named(source["name"])(**source["arguments"])
    passes = itertools.repeat(opened) if source["loop"] else [opened]
    played = order["skip_samples"]
    if source["loop"] or opened.duration_s is None:  # the same comes again after each period
        played %= max(1, round(opened.period_s * rate))
    return _skip((block for one in passes for block in one.blocks(rate)), played, state)


def _skip(blocks: Iterator[np.ndarray], n: int, state: np.ndarray) -> Iterator[np.ndarray]:
    """The blocks from sample `n` on: a restarted engine goes on where the last one was."""
    for block in blocks:
        if n < block.shape[1]:
            yield block[:, n:] if n else block
        n = max(0, n - block.shape[1])
        state["pulse"] += 1


def _open(state: np.ndarray, order: dict[str, Any]) -> Driver:
    """Open the driver; where `retry` is set wait for the device, else end with what is wrong."""
    while True:
        try:
            return _driver(state, order)
        except DriverError as error:
            if not order["retry"]:
                say(order["say_fd"], engine="failed", error=str(error))
                os._exit(FAILED)
        state["pulse"] += 1
        time.sleep(RETRY_S)
        if "sounddevice" in sys.modules:  # its device list is frozen until then
            sys.modules["sounddevice"]._terminate()
            sys.modules["sounddevice"]._initialize()


def _driver(state: np.ndarray, order: dict[str, Any]) -> Driver:
    """The driver by name. `auto`: a running JACK server, else a PortAudio device, else (with a source) the timer."""
    name, needs_input = order["driver"], order["source"] is None
    if name == "timer":
        return Timer(state, order["rate"] or order["source_rate"], order["block_size"])
    if name in ("auto", "jack"):
        try:
            return Jack(
                state, str(order["device"]), order["rate"], order["channels"], needs_input, order.get("connections")
            )
        except NoServerError:
            if name == "jack":
                raise
    try:
        return PortAudio(state, order["device"], order["rate"], order["block_size"], needs_input)
    except DriverError as error:
        if name == "portaudio" or needs_input:
            raise
        say(order["say_fd"], engine="silent", error=f"nothing will be heard: {error}")
        return Timer(state, order["rate"] or order["source_rate"], order["block_size"])


def _feed(state: np.ndarray, blocks: Iterator[np.ndarray]) -> None:
    """Fill the source ring as far as it has room. [main]"""
    s = state[0]
    ring, mask = s["source"], st.N_SOURCE - 1
    while not s["source_ended"] and s["source_written"] - s["source_read"] < st.N_SOURCE - st.MAX_BLOCK:
        block = next(blocks, None)
        if block is None:
            state["source_ended"] = 1
            return
        where = (int(s["source_written"]) + np.arange(block.shape[1])) & mask
        ring[0, where] = block[0]
        ring[1, where] = block[-1]
        state["source_written"] += block.shape[1]


def _whose(driver: Driver) -> str:
    return "the JACK server" if driver.opened.driver == "jack" else driver.opened.device


def _watch(
    state: np.ndarray, driver: Driver, blocks: Iterator[np.ndarray] | None, told: int, player: Player | None
) -> None:
    """Keep the source fed and the plugins looked after; end the process when there is nothing left to do. [main]"""
    s, watchdog = state[0], lifeline.Watchdog(state)
    while driver.alive():
        watchdog.look()
        if blocks is not None:
            _feed(state, blocks)
            played_out = s["sample_time"] >= s["source_written"] + SILENCE_AFTER
            if s["source_ended"] and played_out:
                say(told, engine="ended")
                os._exit(ENDED)
        connected = driver.look() if isinstance(driver, Jack) else None
        if connected is not None:
            say(told, engine="connected", **connected)
        if player is None:
            time.sleep(POLL_S)
        else:
            player.turn(POLL_S)
    say(told, engine="lost", error=f"{_whose(driver)} went away; waiting for it")
    os._exit(LOST)  # closing a stream whose server has died can hang for ever


if __name__ == "__main__":
    main()
