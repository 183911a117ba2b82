"""Energy, 0..1: half of it loudness, three tenths how many onsets, two tenths how bright.

Loudness counts from -30 LUFS (0) to -6 (1), onsets from none to 8 a second, brightness by the spectrum's centroid from
250 Hz to 4 kHz, in octaves. The weights are jamd's own. What is softer than -60 LUFS has none.
"""

import numpy as np

from daemon.recommend.item import N_CURVE

STEP_S = 0.5  # of the fine curve
WINDOW_S = 4.0  # it is a mean over
LOUDNESS, BUSYNESS, BRIGHTNESS = 0.5, 0.3, 0.2
SOFTEST_LUFS, LOUDEST_LUFS, SILENCE_LUFS = -30.0, -6.0, -60.0
MOST_ONSETS = 8.0  # a second
DARKEST_HZ, BRIGHTEST_OCTAVES = 250.0, 4.0
FULL = 0.85  # of the upper half's mean: it is on


def energy(loudness_lufs: np.ndarray, onsets_per_s: np.ndarray, centroid_hz: np.ndarray) -> np.ndarray:
    """0..1 of values or of columns of them. [any]"""
    loud = np.clip((loudness_lufs - SOFTEST_LUFS) / (LOUDEST_LUFS - SOFTEST_LUFS), 0, 1)
    busy = np.clip(onsets_per_s / MOST_ONSETS, 0, 1)
    bright = np.clip(np.log2(np.maximum(centroid_hz, 1) / DARKEST_HZ) / BRIGHTEST_OCTAVES, 0, 1)
    return np.where(loudness_lufs > SILENCE_LUFS, LOUDNESS * loud + BUSYNESS * busy + BRIGHTNESS * bright, 0.0)


def curve(momentary_lufs: np.ndarray, onsets_s: np.ndarray, centroid_hz: np.ndarray, hop_s: float) -> np.ndarray:
    """The fine curve: float64, one each STEP_S, over the WINDOW_S around it. [any]"""
    n_steps = max(1, int(np.ceil(len(momentary_lufs) * hop_s / STEP_S)))
    step = np.minimum((np.arange(len(momentary_lufs)) * hop_s / STEP_S).astype(int), n_steps - 1)
    hops = np.bincount(step, minlength=n_steps)
    power = np.bincount(step, 10 ** (momentary_lufs.astype(np.float64) / 10), n_steps)
    hertz = np.bincount(step, np.where(momentary_lufs > SILENCE_LUFS, centroid_hz, 0.0), n_steps)
    sounding = np.bincount(step, momentary_lufs > SILENCE_LUFS, n_steps)
    onsets = np.bincount(np.clip((onsets_s / STEP_S).astype(int), 0, n_steps - 1), minlength=n_steps)
    hops, power, hertz, sounding, onsets = (_around(row) for row in (hops, power, hertz, sounding, onsets))
    lufs = 10 * np.log10(np.maximum(power / hops, 1e-10))
    return energy(lufs, onsets / (hops * hop_s), hertz / np.maximum(sounding, 1))


def whole(curve: np.ndarray) -> float:
    """Of a piece: the mean of its upper half, so that an intro does not make it soft. [any]"""
    return float(np.sort(curve)[len(curve) // 2 :].mean())


def resampled(curve: np.ndarray) -> tuple[float, ...]:
    """N_CURVE values over the whole. [any]"""
    edges = np.linspace(0, len(curve), N_CURVE + 1)
    sums = np.interp(edges, np.arange(len(curve) + 1), np.concatenate(([0.0], np.cumsum(curve))))
    return tuple(np.round(np.diff(sums) / np.diff(edges), 4).tolist())


def fades(curve: np.ndarray) -> tuple[float, float] | None:
    """When (s) it is first at its full energy, and when last; None where it never sounds. [any]"""
    full = np.flatnonzero((curve >= FULL * whole(curve)) & (curve > 0))
    return (float(full[0] * STEP_S), float((full[-1] + 1) * STEP_S)) if len(full) else None


def _around(row: np.ndarray) -> np.ndarray:
    """Sums over WINDOW_S around each step."""
    half = round(WINDOW_S / STEP_S / 2)
    sums = np.concatenate(([0.0], np.cumsum(row)))
    at = np.arange(len(row))
    return sums[np.minimum(at + half, len(row))] - sums[np.maximum(at - half, 0)]
