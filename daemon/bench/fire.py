"""The callback under fire: the native one beside an ordinary Python one, on the same analysis and the same JACK server.

In the process of the callback two threads burn the interpreter lock, one collects garbage, and a publisher serves a
subscriber that has stopped reading. Run as `python -m daemon.bench.fire native|python SECONDS`, it prints its row as JSON.
"""

import gc
import json
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import zmq

from daemon import messages as m
from daemon import registry
from daemon.bench.server import BLOCK, RATE
from daemon.config import Config
from daemon.engine import histogram, offline
from daemon.engine import state as st
from daemon.engine.jack import Jack
from daemon.outputs.zmq_pub import ZmqPublisher
from dsp.kernel import zeros

WARM_UP_S = 1.0


def rows(seconds: float) -> dict[str, dict[str, Any]]:
    """kind of callback -> what it counted. A JACK server must be running. [main]"""
    found = {}
    for kind in ("native", "python"):
        command = [sys.executable, "-m", "daemon.bench.fire", kind, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[kind] = json.loads(done.stdout.splitlines()[-1])
    return found


def burn(stop: threading.Event) -> None:
    x = 1.0
    while not stop.is_set():
        for k in range(1000):
            x = x * 1.0000001 + k


def _collect(stop: threading.Event) -> None:
    while not stop.is_set():
        kept: list[list] = [[k] for k in range(20000)]
        for item in kept:
            item.append(item)  # a cycle each
        del kept
        gc.collect()


def _publish(stop: threading.Event) -> None:
    publisher = ZmqPublisher("tcp://127.0.0.1:*")
    reader: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
    reader.setsockopt(zmq.LINGER, 0)
    reader.subscribe(b"")
    reader.connect(publisher.address)
    while not stop.is_set():
        for _ in range(10):
            publisher.publish(m.Onset(strength=0.5, band="low"))
        time.sleep(0.005)
    publisher.close()


def measure(kind: str, seconds: float) -> dict[str, Any]:
    """Run one kind of callback under fire and give its counts: work and gap in us, xruns of the server. [main]"""
    analysers = [registry.analyser(analysis, name) for analysis, name in Config().analysers()]
    stop = threading.Event()
    if kind == "native":
        state = zeros(st.STATE)
        driver = Jack(state, "none", RATE, 2, needs_input=True)
        st.prepare(state, RATE, 2, BLOCK)
        kept = offline.load(state, analysers)
        player: Any = driver
    else:
        engine = offline.Engine(RATE, 2, analysers)
        state, kept = engine.state, []
        state["block_size"] = BLOCK
        player = _PythonCallback(engine)
    player.start()
    threads = [threading.Thread(target=f, args=(stop,)) for f in (burn, burn, _collect, _publish)]
    for thread in threads:
        thread.start()
    time.sleep(WARM_UP_S)
    for field in ("work_bins", "gap_bins", "work_max_ns", "gap_max_ns", "late_blocks", "blocks", "xruns"):
        state[field] = 0
    time.sleep(seconds)
    found = histogram.stats(state) if kind == "native" else player.stats()
    stop.set()
    for thread in threads:
        thread.join()
    player.close()
    del kept
    return found


class _PythonCallback:
    """The usual way: JACK-Client's Python process callback, which hands the block to the same engine."""

    def __init__(self, engine: offline.Engine) -> None:
        import jack

        self._engine, self._state = engine, engine.state
        self._client = jack.Client("jamd")
        ins = [self._client.inports.register(f"in_{c}") for c in range(2)]
        outs = [self._client.outports.register(f"out_{c}") for c in range(2)]
        block = np.zeros((2, BLOCK), np.float32)
        own = zeros(st.STATE)  # its times are counted as the native callback counts, around all of Python's work
        self._own = own

        @self._client.set_process_callback
        def process(n: int) -> None:
            started = time.monotonic_ns()
            for c in range(2):
                block[c] = ins[c].get_array()
            engine.process(block)
            for c in range(2):
                outs[c].get_array()[:] = self._state["output"][0, c, :n]
            work = time.monotonic_ns() - started
            own["work_bins"][0, min(st.N_BINS - 1, work // st.WORK_BIN_NS)] += 1
            own["work_max_ns"][0] = max(own["work_max_ns"][0], work)
            own["late_blocks"][0] += work * RATE > BLOCK * 1e9

        @self._client.set_xrun_callback
        def xrun(delay: float) -> None:
            self._state["xruns"] += 1

    def start(self) -> None:
        self._client.activate()

    def stats(self) -> dict[str, Any]:
        for field in ("blocks", "gap_bins", "gap_max_ns", "xruns", "rate", "block_size"):
            self._own[field] = self._state[field]
        return histogram.stats(self._own)

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]))))
