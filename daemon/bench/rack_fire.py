"""The chain under fire: in jamd's native callback, in a process of its own, and in pedalboard in a Python callback.

All on one JACK server, fed by a client that plays; each idle, and with two threads in its process that burn the interpreter
lock. Run as `python -m daemon.bench.rack_fire WHICH SECONDS`, it prints its two rows as JSON.
"""

import json
import subprocess
import sys
import threading
import time
from typing import Any, Protocol

import numpy as np

from daemon.bench.board import Board
from daemon.bench.c_loop import CLoop
from daemon.bench.fire import WARM_UP_S, burn
from daemon.bench.jack_source import Source
from daemon.bench.jack_watch import Watch
from daemon.bench.peer import FOUR, PeerError, racked
from daemon.bench.server import BLOCK, RATE
from daemon.engine import offline
from daemon.engine import state as st
from daemon.engine.histogram import PERCENTILES
from daemon.engine.jack import Jack
from daemon.inputs.performance import Performance

WHICH = {
    "c": "C loop, LV2",
    "jamd": "jamd, LV2",
    "isolated": "jamd, isolated",
    "pedalboard": "pedalboard, VST3",
}
SOUND_S = 8.0
TURN_S = 0.02
LONGER_S = 5.0  # than asked for, at the most: warming up, and waiting until what was missed is told


def rows(seconds: float) -> dict[str, dict[str, Any]]:
    """Which -> load -> what was counted, or `why` it was not. A JACK server must be running. [main]"""
    found = {}
    for which, label in WHICH.items():
        command = [sys.executable, "-m", "daemon.bench.rack_fire", which, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found[label] = json.loads(done.stdout.splitlines()[-1])
        else:
            found[label] = {"why": f"it ended with {done.returncode}: {done.stderr.strip()[-200:]}"}
    return found


class _Callback(Protocol):
    client: str
    """Its name."""
    misses: int
    """Blocks that passed dry, as it told last."""

    def turn(self) -> bool:
        """What the engine's main thread does some 50 times a second; False: what it missed since is yet to be told."""

    def close(self) -> None:
        """Stop."""


class _Native:
    """jamd's engine with no analysis; what fills its plugin slot is the rack, or the C loop."""

    def __init__(self, which: str, watch: Watch) -> None:
        state = watch.state
        self._driver = Jack(state, "none", RATE, 2, needs_input=True)
        st.prepare(state, RATE, 2, BLOCK)
        self._kept = offline.load(state, [])
        state["program"], state["wet"] = 0, 1.0
        self._rack, self.misses = None, 0
        if which == "c":
            self._loop = CLoop(FOUR)
            state["rack"] = self._loop.native
        else:
            self._rack = racked(FOUR, "lv2", which == "isolated", state["block"][0])
            state["rack"] = self._rack.native
        watch.engine()
        self.client = self._driver.opened.device
        self._driver.start()

    def turn(self) -> bool:
        if self._rack is None:
            return True
        news = self._rack.turn()
        if news is None or not news.loads:
            return False
        self.misses = max(load.misses for load in news.loads)
        return True

    def close(self) -> None:
        self._driver.close()
        if self._rack is not None:
            self._rack.close()


class _Python:
    """The usual way: JACK-Client's Python process callback, and pedalboard in it."""

    def __init__(self, watch: Watch) -> None:
        import jack

        board = Board(FOUR)
        self._client, self.misses = jack.Client("jamd", no_start_server=True), 0
        self.client = self._client.name
        ins = [self._client.inports.register(f"in_{c + 1}") for c in range(2)]
        outs = [self._client.outports.register(f"out_{c + 1}") for c in range(2)]
        block = np.zeros((2, BLOCK), np.float32)

        def process(n: int) -> None:
            for c in range(2):
                block[c] = ins[c].get_array()
            wet = board.block(block)
            for c in range(2):
                outs[c].get_array()[:] = wet[c]

        @self._client.set_xrun_callback
        def xrun(delay: float) -> None:
            watch.state["xruns"] += 1

        watch.client(jack, self._client, process)
        self._client.activate()

    def turn(self) -> bool:
        return True

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


def measure(which: str, seconds: float) -> dict[str, dict[str, Any]]:
    """Load -> blocks given, lost, late and missed, the server's xruns, and the work's us. Raises PeerError. [main]"""
    sound = np.concatenate(list(Performance(SOUND_S).blocks(RATE)), axis=1)
    watch = Watch(round(2 * (seconds + LONGER_S) * RATE / BLOCK))
    callback: _Callback = _Python(watch) if which == "pedalboard" else _Native(which, watch)
    source = Source(sound)
    source.connect(callback.client)
    found = {"idle": _counted(watch, callback, source, seconds)}
    stop = threading.Event()
    threads = [threading.Thread(target=burn, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    found["burning"] = _counted(watch, callback, source, seconds)
    stop.set()
    for thread in threads:
        thread.join()
    source.close()
    callback.close()
    return found


def _counted(watch: Watch, callback: _Callback, source: Source, seconds: float) -> dict[str, Any]:
    _wait(callback, min(WARM_UP_S, seconds))
    first, given, xruns, misses = watch.blocks, source.blocks, int(watch.state["xruns"][0]), callback.misses
    _wait(callback, seconds)
    end, given = watch.blocks, source.blocks - given
    us = watch.us(first, end)
    if us.size == 0:
        raise PeerError("JACK handed it no block")
    spread = {name: float(np.percentile(us, q)) for name, q in PERCENTILES.items()}
    return {
        "given": given,
        "lost": max(0, given - us.size),
        "late_blocks": int((us > 1e6 * BLOCK / RATE).sum()),
        "misses": callback.misses - misses,
        "xruns": int(watch.state["xruns"][0]) - xruns,
        "work_us": {**spread, "max": float(us.max())},
    }


def _wait(callback: _Callback, seconds: float) -> None:
    """Let it play for so long, and on until what it missed is told, at most a second later."""
    ends_at, told = time.monotonic() + seconds, False
    while time.monotonic() < ends_at or not told:
        told = callback.turn()
        time.sleep(TURN_S)


if __name__ == "__main__":
    try:
        print(json.dumps(measure(sys.argv[1], float(sys.argv[2]))))
    except PeerError as error:
        print(json.dumps({"why": str(error)}))
