"""Tempo, its stability, the beats of a whole piece and its first downbeat, from beats as they were heard live."""

import numpy as np

WITHIN = 0.04  # a beat's length is the tempo's where it differs by no more
STEADY = 0.8  # stability from which beats that were not heard can be counted
LEAST = 4  # beats
EARLY_S = 0.05
METRE = 4


def tempo(beats_s: np.ndarray) -> tuple[float | None, float | None]:
    """(BPM, the share of beats whose length is within 4 % of it); None of too few beats. [any]"""
    if len(beats_s) < LEAST:
        return None, None
    lengths = np.diff(beats_s)
    usual = np.median(lengths)
    near = np.abs(lengths / usual - 1) <= WITHIN
    if not near.any():  # as many short as long ones
        return float(60 / usual), 0.0
    period = lengths[near].mean()
    return float(60 / period), float(np.mean(np.abs(lengths / period - 1) <= WITHIN))


def loop_tempo(bpm: float, period_s: float) -> float:
    """A loop holds whole beats: the tempo at which it does, where that is within 4 %. [any]"""
    beats = round(bpm * period_s / 60)
    exact = 60 * beats / period_s
    return exact if beats and abs(exact / bpm - 1) <= WITHIN else bpm


def whole(beats_s: np.ndarray, onsets_s: np.ndarray, bpm: float | None, stability: float | None) -> np.ndarray:
    """The beats, and where the tempo is steady also those from the first onset on until it was found. [any]"""
    if bpm is None or (stability or 0) < STEADY or not len(onsets_s):
        return beats_s
    start, period = beats_s[0], 60 / bpm
    n = int((start - onsets_s[0] + EARLY_S) / period)
    return np.concatenate((start - period * np.arange(n, 0, -1), beats_s)) if n > 0 else beats_s


def first_downbeat(beats_s: np.ndarray, low: np.ndarray, hop_s: float) -> float | None:
    """The first of those beats, every fourth, that have most bass; a guess. [any]"""
    if len(beats_s) < METRE or not len(low):
        return None
    at = np.clip(((beats_s[:, None] + np.linspace(0, 0.08, 5)) / hop_s).astype(int), 0, len(low) - 1)
    bass = low[at].max(axis=1)
    phase = max(range(METRE), key=lambda k: (float(bass[k::METRE].mean()), -k))
    return float(beats_s[phase])
