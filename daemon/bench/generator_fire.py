"""The callback while the network generates without a pause, in its own process: beside the same callback left alone.

Run as `python -m daemon.bench.generator_fire none|neural SECONDS`, it prints its row as JSON.
"""

import json
import subprocess
import sys
import time
from typing import Any

from daemon import registry
from daemon.bench.fire import WARM_UP_S
from daemon.bench.generator_cost import BAR, LINE
from daemon.bench.server import BLOCK, RATE
from daemon.config import Config
from daemon.engine import histogram, offline
from daemon.engine import state as st
from daemon.engine.jack import Jack
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.link import Made
from daemon.generate.live.worker import Worker
from daemon.generate.note import Played
from dsp.kernel import zeros

LOADS = ("none", "neural")
ROLE, BARS = "answer", 4
LOAD_S, TURN_S = 120.0, 0.002


def rows(seconds: float) -> dict[str, dict[str, Any]]:
    """Load -> what the callback counted. A JACK server must be running. [main]"""
    found = {}
    for load in LOADS:
        command = [sys.executable, "-m", "daemon.bench.generator_fire", load, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found[load] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(load: str, seconds: float) -> dict[str, Any]:
    """Run jamd's callback with all its analysis; with a load, ask for phrase after phrase meanwhile. [main]"""
    analysers = [registry.analyser(analysis, name) for analysis, name in Config().analysers()]
    state = zeros(st.STATE)
    driver = Jack(state, "none", RATE, 2, needs_input=True)
    st.prepare(state, RATE, 2, BLOCK)
    kept = offline.load(state, analysers)
    worker = _ready() if load == "neural" else None
    driver.start()
    time.sleep(WARM_UP_S)
    for field in ("work_bins", "gap_bins", "work_max_ns", "gap_max_ns", "late_blocks", "blocks", "xruns"):
        state[field] = 0
    notes, phrases, ms = _ask(worker, seconds)
    found = histogram.stats(state)
    driver.close()
    if worker is not None:
        worker.close()
    del kept
    return {**found, "notes": notes, "phrases": phrases, "phrase_ms": ms}


def _ready() -> Worker:
    worker = Worker()
    worker.want(ROLE, "neural", registry.target(ROLE, "neural"))
    ends_at = time.monotonic() + LOAD_S
    while not worker.is_ready(ROLE, "neural"):
        worker.turn()
        if time.monotonic() > ends_at:
            raise RuntimeError(worker.missing(ROLE, "neural") or "the network was not loaded in time")
        time.sleep(TURN_S)
    return worker


def _ask(worker: Worker | None, seconds: float) -> tuple[int, int, list[float]]:
    """(notes, phrases, ms of each phrase): four bars at a time, each with another seed."""
    heard = tuple(Played(12 * k, 12, LINE[k % 16], 80, 0) for k in range(64))
    context = Context(tick=12 * len(heard), heard=heard, phrase=32, tonic=7, key_confidence=0.9)
    ends_at, notes, ms = time.monotonic() + seconds, 0, []
    number = seed = 0
    while time.monotonic() < ends_at:
        if worker is None:
            time.sleep(TURN_S)
            continue
        if number == 0:
            seed += 1
            due = time.monotonic_ns() + 2_000_000_000
            number = worker.ask(ROLE, "neural", context, Constraints(seed=seed), BARS * BAR, due)
        worker.turn()
        answer = worker.take(number)
        if answer is not None:
            number = 0
            if isinstance(answer, Made):
                notes += len(answer.notes)
                ms.append(answer.ms)
        time.sleep(TURN_S)
    return notes, len(ms), ms


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]))))
