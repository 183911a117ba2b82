"""Cost of a hop: jamd's light analysis beside aubio's onset + pitch + tempo, both called in the engine's own loop.

The engine's block is one hop, the audio is the built-in performance at 48 kHz in mono, and the two are run in turn, so that
a change in the machine's speed meets both. An engine without analysers is measured too and taken off each.
"""

from typing import Any

import numpy as np

from daemon import registry
from daemon.bench.budget import work_us
from daemon.inputs.performance import Performance
from dsp.hop import HOP

RATE = 48000
ROUNDS = 5

OURS = ("level", "bands", "onset", "f0", "chroma")
AUBIO = (("onset", "aubio:hfc"), ("f0", "aubio:yinfft"), ("beat", "aubio:default"))


def measure(seconds: float) -> dict[str, Any]:
    """Program -> median, p99 and mean of a hop in us, over `seconds` of sound in each of ROUNDS rounds. [main]"""
    sound = np.concatenate(list(Performance(seconds).blocks(RATE)), axis=1).mean(axis=0, dtype=np.float32)
    light = [kind for kind in OURS if kind in registry.ANALYSERS]
    ours = [registry.analyser(kind, next(iter(registry.ANALYSERS[kind]))) for kind in light]
    peers = [registry.analyser(kind, name) for kind, name in AUBIO]
    everything = [registry.analyser(kind, next(iter(names))) for kind, names in registry.ANALYSERS.items()]
    programs = {
        "empty": None,
        f"jamd {'+'.join(light)}": ours,
        "aubio onset+pitch+tempo": peers,
        "jamd, everything": everything,
    }
    times: dict[str, list[np.ndarray]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, analysers in programs.items():
            times[name].append(_run(sound, analysers))
    empty = np.median(np.concatenate(times.pop("empty")))
    return {name: _row(np.concatenate(parts) - empty) for name, parts in times.items()}


def _row(us: np.ndarray) -> dict[str, float]:
    return {
        "median_us": float(np.median(us)),
        "p99_us": float(np.percentile(us, 99)),
        "mean_us": float(us.mean()),
    }


def _run(sound: np.ndarray, analysers: list | None) -> np.ndarray:
    """us of each hop; `None` runs the engine without even the shared spectrum."""
    return work_us(np.broadcast_to(sound, (2, sound.size)), HOP, analysers)
