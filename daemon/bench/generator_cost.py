"""What a note costs a generator: each network's step, a phrase of sixteen notes, and the rules beside them, on one core."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.deep import known, rows
from daemon.generate.deep.network import Network, Stream, shipped
from daemon.generate.deep.sampler import Sampler
from daemon.generate.masks import Masks
from daemon.generate.note import Played
from daemon.generate.rules.markov import Markov
from daemon.generate.rules.motif import Motif
from daemon.models import shelf

BAR = 96
LINE = (67, 69, 71, 74, 71, 69, 67, 62, 64, 67, 69, 71, 72, 71, 69, 66)
PROMPT = 128  # notes
EVENTS, PHRASES = 400, 40
PHRASE = 16  # notes


def measure() -> dict[str, Any]:
    """`event`: us of a note by each network; `phrase`: ms of sixteen notes; `rules`: us to hear, ms to answer. [main]"""
    heard = tuple(Played(12 * k, 12, LINE[k % 16] + k // 16 % 2 * 2, 80, 0) for k in range(PROMPT))
    context = Context(tick=12 * PROMPT, heard=heard, phrase=PROMPT - 32, tonic=7, key_confidence=0.9)
    found: dict[str, Any] = {"event": {}, "phrase": {}, "rules": {}}
    for precision in ("fp32", "int8"):
        network = shipped(precision)
        found["event"][precision] = _events(network, heard)
        found["phrase"][precision] = _phrases(network, heard, context)
    for name, kind in (("motif", Motif), ("markov", Markov)):
        found["rules"][name] = _rules(kind, heard, context)
    return found


def _stream(network: Network, heard: tuple[Played, ...]) -> Stream:
    setting = np.zeros(1, rows.SETTING)
    setting["style"] = 8
    stream = Stream(network, setting[0], np.array([[0, BAR]], np.int64))
    for note in heard:
        stream.feed(12, note.pitch, 12, note.velocity)
    return stream


def _events(network: Network, heard: tuple[Played, ...]) -> dict[str, float]:
    """A note: its pitch's and duration's chances, then the step that foretells the next one's time."""
    stream, spent = _stream(network, heard), []
    for k in range(EVENTS):
        before = time.perf_counter_ns()
        stream.pitches(12)
        stream.durations(12, LINE[k % 16], 0)
        stream.feed(12, LINE[k % 16], 12, 80)
        spent.append(time.perf_counter_ns() - before)
    return _spread(spent, 1e3)


def _phrases(network: Network, heard: tuple[Played, ...], context: Context) -> dict[str, float]:
    """Sixteen notes drawn under the masks of the default constraints."""
    stream, spent = _stream(network, heard), []
    tunes = known.read(shelf.SHIPPED["phrase"] / "known.bin")
    mark, constraints = stream.mark(), Constraints(grid=6, density=16.0)
    for seed in range(PHRASES):
        rng = np.random.default_rng(seed)
        masks = Masks(context, constraints, 64 * BAR)
        drawn = Sampler(stream, 0, masks, constraints, rng, lambda _: 80.0, tunes)
        before = time.perf_counter_ns()
        drawn.play(context.tick + 64 * BAR, most=PHRASE)
        spent.append((time.perf_counter_ns() - before) * PHRASE / max(1, len(drawn.notes)))
        stream.back(mark)
    return _spread(spent, 1e6)


def _rules(kind: Callable[[], Any], heard: tuple[Played, ...], context: Context) -> dict[str, float]:
    generator, spent = kind(), []
    before = time.perf_counter_ns()
    for k in range(0, PROMPT, 8):
        generator.hear(heard[k : k + 8], context)
    hear_us = (time.perf_counter_ns() - before) / PROMPT / 1e3
    for seed in range(PHRASES):
        before = time.perf_counter_ns()
        generator.play(context, Constraints(seed=seed), 4 * BAR)
        spent.append(time.perf_counter_ns() - before)
    return {"hear_us": hear_us, **_spread(spent, 1e6)}


def _spread(spent_ns: Sequence[float], unit: float) -> dict[str, float]:
    """p50 and p99 of what was spent after the first tenth, in ns divided by `unit`."""
    late = np.array(spent_ns[len(spent_ns) // 10 :]) / unit
    return {"p50": float(np.percentile(late, 50)), "p99": float(np.percentile(late, 99))}
