"""Percentiles from the callback's own histograms: what the engine says of its work and its gaps.

A bin only tells that a time lay between its edges, so every figure is the upper edge: never better than the truth.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from daemon.engine.state import GAP_BIN_NS, WORK_BIN_NS

PERCENTILES = {"p50": 50.0, "p99": 99.0, "p9999": 99.99}


def percentile(bins: np.ndarray, bin_ns: int, max_ns: int, q: float) -> float:
    """The time in us that `q` percent of the counted times did not exceed, at most `max_ns`; 0 of nothing. [any]

    `bins[k]` counts times from `k * bin_ns` to `(k + 1) * bin_ns`; the last bin is open, and its edge is `max_ns`.
    """
    total = int(bins.sum())
    if total == 0:
        return 0.0
    rank = max(1, int(np.ceil(total * q / 100)))
    k = int(np.searchsorted(np.cumsum(bins), rank))
    edge = max_ns if k == bins.size - 1 else (k + 1) * bin_ns
    return min(edge, max_ns) / 1000


def spread(bins: np.ndarray, bin_ns: int, max_ns: int) -> dict[str, float]:
    """`p50`, `p99`, `p9999` and `max` of a histogram, in us. [any]"""
    found = {name: percentile(bins, bin_ns, max_ns, q) for name, q in PERCENTILES.items()}
    return {**found, "max": max_ns / 1000}


def doubling(bins: np.ndarray, bin_ns: int) -> list[tuple[float, float, int]]:
    """Rows (from us, below us, count) that double in width, between the first and the last row with a count. [any]"""
    edges = [0, *(1 << np.arange(int(np.log2(bins.size)) + 1))]
    edges[-1] = bins.size
    counts = [int(bins[a:b].sum()) for a, b in pairwise(edges)]
    used = np.flatnonzero(counts)
    if used.size == 0:
        return []
    bounds = [edge * bin_ns / 1000 for edge in edges[:-1]] + [float("inf")]
    return [(bounds[k], bounds[k + 1], counts[k]) for k in range(used[0], used[-1] + 1)]


def stats(state: np.ndarray) -> dict[str, Any]:
    """What the engine's record (daemon.engine.state.STATE, shape (1,)) tells of its health; times in us. [any]

    `budget_us` is how long one block lasts; where the driver's blocks vary, the mean one.
    """
    s = state[0]
    counts = ("blocks", "xruns", "late_blocks", "starved_samples", "lost_events")
    block = int(s["block_size"]) or int(s["sample_time"]) / max(1, int(s["blocks"]))
    return {
        **{name: int(s[name]) for name in counts},
        "work_us": spread(s["work_bins"], WORK_BIN_NS, int(s["work_max_ns"])),
        "gap_us": spread(s["gap_bins"], GAP_BIN_NS, int(s["gap_max_ns"])),
        "budget_us": 1e6 * block / float(s["rate"]) if s["rate"] > 0 else 0.0,
    }


def rows(state: np.ndarray) -> list[list[float]]:
    """The callback's work as it is published: [below us, or -1 where there is no end; blocks]. [any]"""
    found = doubling(state["work_bins"][0], WORK_BIN_NS)
    return [[-1.0 if below == float("inf") else float(below), count] for _, below, count in found]
