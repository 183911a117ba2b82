"""Novelty: how much new sound a frame brings, by band, scaled to what is usual in this music.

Every `STRIDE` hops: log magnitudes in semitone bands, their rise over the frame before last (spectral flux with the
maximum filter of S. Boeck and G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013), and a
slower rise that also sees soft attacks. Each is averaged over groups of bands and divided by its running mean.
"""

import numpy as np

from dsp.hop import BINS, FRAME, HOP
from dsp.kernel import inline

STRIDE = 2  # hops per frame
GROUP_EDGES_HZ = (150.0, 400.0, 1600.0, 5000.0)  # between the groups: kick, bass, voice, presence, cymbals
GROUPS = len(GROUP_EDGES_HZ) + 1
N = GROUPS + 1  # the groups, and all bands together
ALL = GROUPS

BANDS = 128
WEIGHTS = 4096
LOWEST_HZ, HIGHEST_HZ = 30.0, 12000.0
COMPRESSION = 1000.0  # log(1 + COMPRESSION x magnitude)
KEPT = 8  # frames of log magnitudes
FAST, SLOW = 2, 5  # frames back that the two rises are measured over
MEAN_S = 4.0  # memory of the running means
FLOOR = 1e-3  # of a mean: rises well under it are silence

NOVELTY = np.dtype(
    [
        ("n_bands", np.int64),
        ("first", np.int64, (BANDS,)),  # bin where a band's triangle begins
        ("offset", np.int64, (BANDS + 1,)),  # where its weights begin
        ("weight", np.float32, (WEIGHTS,)),
        ("group", np.int64, (BANDS,)),
        ("group_size", np.float32, (GROUPS,)),
        ("mean_step", np.float64),
        ("frames", np.int64),  # so far
        ("log", np.float32, (KEPT, BANDS)),
        ("mean", np.float32, (N + 1,)),  # of each fast rise, and of the slow one
        ("sums", np.float32, (GROUPS,)),  # scratch
        ("fast", np.float32, (KEPT, N)),  # frame f at f % KEPT: log(1 + 2 rise / usual rise), 0 nothing, 1.1 as usual
        ("slow", np.float32),  # the same for the newest slow rise, all bands
    ],
    align=True,
)


def prepare(record, rate: float) -> None:
    """Fill a zeroed `NOVELTY` record for an analysis rate in Hz. [main]"""
    centres = LOWEST_HZ * 2 ** (np.arange(12 * np.log2(HIGHEST_HZ / LOWEST_HZ)) / 12)
    edges = np.unique(np.round(centres * FRAME / rate).astype(int))
    edges = edges[(edges > 0) & (edges < BINS)]
    weights: list[float] = []
    for band, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        record["first"][band] = low
        record["offset"][band] = len(weights)
        weights += [(k - low) / (centre - low) for k in range(low, centre)]
        weights += [(high - k) / (high - centre) for k in range(centre, high)]
        record["group"][band] = np.searchsorted(GROUP_EDGES_HZ, centre * rate / FRAME, side="right")
    n_bands = len(edges) - 2
    record["n_bands"] = n_bands
    record["offset"][n_bands] = len(weights)
    record["weight"][: len(weights)] = weights
    record["group_size"] = np.bincount(record["group"][:n_bands], minlength=GROUPS)
    record["mean_step"] = STRIDE * HOP / (MEAN_S * rate)


@inline
def _rise(s, now, back):
    """Each band's rise since `back` frames ago: summed by group into `s.sums`; returns the mean over bands. [audio]"""
    n, sums = s.n_bands, s.sums
    sums[:] = np.float32(0)
    new, old, group = s.log[now % KEPT], s.log[(now - back) % KEPT], s.group
    total = np.float32(0)
    for b in range(n):
        before = max(old[b], old[max(b - 1, 0)], old[min(b + 1, n - 1)])
        rise = max(np.float32(0), new[b] - before)
        sums[group[b]] += rise
        total += rise
    return total / n


@inline
def _against(rise, usual):
    return np.log(np.float32(1) + np.float32(2) * rise / (usual + np.float32(FLOOR)))


@inline
def update(s, magnitude):
    """Take one frame's magnitudes (float32[BINS]); sets `s.slow` and a row of `s.fast`. [audio]"""
    s.frames += 1
    now = s.frames
    log = s.log[now % KEPT]
    for b in range(s.n_bands):
        start, first = s.offset[b], s.first[b]
        v = np.float32(0)
        for k in range(s.offset[b + 1] - start):
            v += s.weight[start + k] * magnitude[first + k]
        log[b] = np.log(np.float32(1) + np.float32(COMPRESSION) * v)
    step = np.float32(max(s.mean_step, 1.0 / now))
    mean, fast = s.mean, s.fast[now % KEPT]

    slow = _rise(s, now, SLOW)
    mean[N] += step * (slow - mean[N])
    s.slow = _against(slow, mean[N])

    rise = _rise(s, now, FAST)
    mean[ALL] += step * (rise - mean[ALL])
    fast[ALL] = _against(rise, mean[ALL])
    for g in range(GROUPS):
        rise = s.sums[g] / s.group_size[g]
        mean[g] += step * (rise - mean[g])
        fast[g] = _against(rise, np.float32(0.5) * (mean[g] + mean[ALL]))
