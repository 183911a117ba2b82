"""The pace: what a frame takes on this machine, and which analyses it therefore keeps up with."""

import time
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from daemon.hearing.stream import Stream
from daemon.registry import HEARS
from dsp.activations import FRAMES_HZ

HOP_MS = 1000 / FRAMES_HZ
QUARTER = 0.25  # of real time is what all of it may take in the mean
RATE = 48000  # at which it is measured
WARM, MEASURED = 20, 200  # frames
LONGEST_S = 1.0  # in which they need not all be
TRIES, PAUSE_S = 3, 2.0  # something else may have been busy, most of all while jamd starts


class Cost(NamedTuple):
    """Of a frame, in ms."""

    mean_ms: float
    p99_ms: float

    @property
    def fits(self) -> bool:
        """Whether a machine keeps up with that."""
        return self.p99_ms < HOP_MS and self.mean_ms < QUARTER * HOP_MS

    def __str__(self) -> str:
        return f"{self.mean_ms:.1f} ms of {HOP_MS:.0f} for a frame, p99 {self.p99_ms:.1f}"


def measured(chosen: Collection[str], graphs: Mapping[str, Any]) -> Cost:
    """What a frame takes now, of sound that gives events. About half a second. [worker]"""
    stream, each_ms = Stream(RATE, chosen, graphs), []
    n = RATE // FRAMES_HZ
    sound = _sound(n * (WARM + MEASURED))
    ends_at = 0.0
    for k in range(WARM + MEASURED):
        begun = time.perf_counter()
        stream.process(sound[:, k * n : (k + 1) * n])
        now = time.perf_counter()
        ends_at = ends_at or now + LONGEST_S  # after the first, for which there may be something to compile
        if k >= WARM or now > ends_at:
            each_ms.append(1000 * (now - begun))
        if now > ends_at:
            break
    return Cost(float(np.mean(each_ms)), float(np.quantile(each_ms, 0.99)))


def _sound(n: int) -> np.ndarray:
    """Plucked chords, four a second, in noise: float32 (1, n)."""
    seconds = np.arange(n) / RATE
    struck = np.exp(-12 * (seconds % 0.25))
    tones = sum(np.sin(2 * np.pi * hz * seconds) for hz in (110.0, 220.0, 277.18, 329.63, 440.0))
    noise = np.random.default_rng(0).standard_normal(n)
    return (0.1 * struck * (tones + noise))[None].astype(np.float32)


class Kept(NamedTuple):
    """What a machine keeps up with, what a frame of it takes, and what one of all would."""

    analyses: list[str]
    cost: Cost
    of_all: Cost


def kept_up_with(perhaps: Collection[str], surely: Collection[str], graphs: Mapping[str, Any]) -> Kept:
    """What of `perhaps` this machine keeps up with beside `surely`: all, or else those of one network. [worker]"""
    of = {name: [one for one in perhaps if HEARS[one] == name] for name in ("rhythm", "pitch")}
    choices = [list(perhaps), *(some for some in of.values() if some and len(some) < len(perhaps))]
    of_all: Cost | None = None
    for choice in choices:
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_S)
            cost = measured([*surely, *choice], graphs)
            of_all = of_all or cost
            if cost.fits:
                return Kept(choice, cost, of_all)
            if cost.mean_ms > HOP_MS:
                break
    assert of_all is not None
    return Kept([], of_all, of_all)
