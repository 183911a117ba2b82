"""The stream to 1, 10 and 100 readers, with and without one that has stopped and one that is slow, with and without keys.

Publisher and readers are processes of this machine over TCP; in the publisher's process an engine runs all analysis in
JACK's callback (or the timer's), so that what the wire costs the sound would show. As a running jamd does, it publishes the
four messages of each hop at once; each reader follows one of them, the level.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from daemon import messages as m
from daemon import registry
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server
from daemon.config import Config
from daemon.curve import Gate
from daemon.engine import histogram, offline
from daemon.engine import state as st
from daemon.engine.timer import Timer
from daemon.errors import UserError
from daemon.keyring import Keyring
from daemon.outputs.zmq_pub import ZmqPublisher
from dsp.hop import HOP
from dsp.kernel import zeros

READERS = (1, 10, 100)
PROCESSES = 2  # that the readers are spread over
SLOW_MS = 20.0  # for each message, of which 187 come in a second
SETTLE_S = 0.5
JOIN_S = 60.0
FLAT_OUT_S = 0.5
FILL_S = 10.0  # at most, until the queues of the stopped and the slow reader are full
HOP_MESSAGES: tuple[m.Message, ...] = (
    m.Level(peak=0.5, rms=0.25, momentary_lufs=-20.0, short_term_lufs=-21.0),
    m.Bands(low=0.5, mid=0.25, high=0.125, centroid_hz=1000.0, flatness=0.5, onset_strength=0.25),
    m.F0(f0_hz=440.0, confidence=0.5, voiced=True),
    m.Chroma(tuning_cents=2.0, chroma=[k / 16 for k in range(12)]),
)


class WireBenchError(UserError):
    """The readers did not connect."""


def rows(seconds: float) -> Iterator[dict[str, Any]]:
    """One row after another; the first is the engine alone. [main]"""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(jack_server())
            driver = "JACK"
        except NoServerError:
            driver = "timer"
        state = stack.enter_context(_engine(driver))
        yield {"driver": driver, "readers": 0, "beside": "", "curve": False} | _alone(state, seconds)
        for curve in (False, True):
            for readers in READERS:
                for beside in ("", "one stopped, one slow"):
                    told = {"driver": driver, "readers": readers, "beside": beside, "curve": curve}
                    yield told | measure(state, readers, bool(beside), curve, seconds)


@contextlib.contextmanager
def _engine(driver: str) -> Iterator[np.ndarray]:
    state = zeros(st.STATE)
    player: Any
    if driver == "JACK":
        from daemon.engine.jack import Jack

        player = Jack(state, "none", RATE, 2, needs_input=True)
    else:
        player = Timer(state, RATE, BLOCK)
    st.prepare(state, RATE, 2, BLOCK)
    kept = offline.load(state, [registry.analyser(kind, name) for kind, name in Config().analysers()])
    player.start()
    try:
        yield state
    finally:
        player.close()
        del kept


def _begin(state: np.ndarray) -> None:
    for field in ("work_bins", "gap_bins", "work_max_ns", "gap_max_ns", "late_blocks", "blocks", "xruns"):
        state[field] = 0


def _engine_row(state: np.ndarray) -> dict[str, Any]:
    stats = histogram.stats(state)
    return {name: stats[name] for name in ("blocks", "late_blocks", "xruns")} | {
        "work_p99_us": stats["work_us"]["p99"],
        "work_max_us": stats["work_us"]["max"],
    }


def _alone(state: np.ndarray, seconds: float) -> dict[str, Any]:
    _begin(state)
    time.sleep(seconds)
    return _engine_row(state)


def measure(state: np.ndarray, readers: int, with_bad: bool, curve: bool, seconds: float) -> dict[str, Any]:
    """One row: messages a second, delays in us of all readers but the bad ones, what those lost, memory, the callback."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        ring = Keyring(folder / "keys")
        key = [str(ring.new("reader"))] if curve else []
        gate = Gate(ring, always=curve)
        stack.callback(gate.close)
        publisher = ZmqPublisher("tcp://127.0.0.1:*", gate=gate)

        def reader(many: int, pause_ms: float, file: str) -> subprocess.Popen:
            what = [publisher.address, str(many), str(pause_ms), str(folder / file), *key]
            made = subprocess.Popen([sys.executable, "-m", "daemon.bench.wire_reader", *what], stdout=subprocess.PIPE)
            stack.callback(made.kill)
            _join(publisher, gate, many)
            return made

        bad = [reader(1, 0.0, "stopped"), reader(1, SLOW_MS, "slow")] if with_bad else []
        if bad:
            bad[0].send_signal(signal.SIGSTOP)
            _flat_out(publisher, until_full=True)
        shares = [len(range(start, readers, PROCESSES)) for start in range(min(PROCESSES, readers))]
        good = [reader(many, 0.0, f"good{place}") for place, many in enumerate(shares)]
        _play(publisher, gate, 0, SETTLE_S)
        _begin(state)
        memory = _resident()
        sent, took = _play(publisher, gate, 1, seconds)
        found = _engine_row(state) | {"sent": sent, "per_s": sent / took, "grown_bytes": _resident() - memory}
        time.sleep(SETTLE_S)
        found["flat_out_per_s"] = _flat_out(publisher)
        counts: list[int] = []
        for one in good:
            one.send_signal(signal.SIGTERM)
            counts += json.loads(one.communicate(timeout=30)[0])
        for one in bad:
            one.kill()
            one.communicate()
        delays = np.concatenate([np.fromfile(folder / f"good{place}", np.int64) for place in range(len(good))]) / 1000
        p50, p99 = np.percentile(delays, (50, 99)) if delays.size else (0.0, 0.0)
        found |= {"p50_us": float(p50), "p99_us": float(p99), "max_us": float(delays.max(initial=0.0))}
        return found | {"lost": sum(sent // len(HOP_MESSAGES) - count for count in counts), "drops": publisher.drops}


def _join(publisher: ZmqPublisher, gate: Gate, left: int) -> None:
    ends_at = time.monotonic() + JOIN_S
    while left > 0:
        gate.turn()
        left -= publisher.serve_joiners()
        if time.monotonic() > ends_at:
            raise WireBenchError(f"{left} readers did not connect within {JOIN_S:.0f} s; is the machine that busy?")
        time.sleep(0.001)


def _play(publisher: ZmqPublisher, gate: Gate, epoch: int, seconds: float) -> tuple[int, float]:
    """Publish hop by hop, in time. Messages, seconds."""
    began, sent, hops = time.monotonic(), 0, 0
    while (now := time.monotonic()) < began + seconds:
        due = began + hops * HOP / RATE
        if due > now:
            time.sleep(due - now)
        for message in HOP_MESSAGES:
            message.epoch, message.seq, message.t_ns = epoch, hops, time.monotonic_ns()
            publisher.publish(message)
        hops += 1
        sent += len(HOP_MESSAGES)
        gate.turn()
    return sent, time.monotonic() - began


def _flat_out(publisher: ZmqPublisher, until_full: bool = False) -> float:
    """Messages a second that `publish` takes, whether they arrive or not; for FLAT_OUT_S, or until two queues are full."""
    began, sent = time.monotonic(), 0
    while time.monotonic() < began + (FILL_S if until_full else FLAT_OUT_S) and not (
        until_full and publisher.drops > 1
    ):
        for _ in range(25):
            for message in HOP_MESSAGES[:1] if until_full else HOP_MESSAGES:
                message.epoch = 2
                publisher.publish(message)
        sent += 25 * len(HOP_MESSAGES)
    return sent / (time.monotonic() - began)


def _resident() -> int:
    """Bytes of memory in use; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0
