"""Counts the tables of `daemon.generate.rules.hmm` in pieces with chords. Nothing is drawn, so there is no seed."""

import numpy as np

from daemon.generate.rules.hmm import PLACES, TRIADS, Tables, place, triad
from daemon.train.generator.sheets import SETS, Sheet

SMOOTH = 0.5  # added to each count of moves
SMOOTH_TONES = 5.0  # beats, added to each pitch class


def count(some: list[Sheet]) -> Tables:
    """The tables; each collection counts as much as its size's root."""
    sizes = {name: sum(len(s.chords) for s in some if s.set == name) for name in SETS}
    mean = np.mean([size for size in sizes.values() if size])
    first = np.full((2, TRIADS), SMOOTH)
    moves = np.full((2, PLACES, TRIADS, TRIADS), SMOOTH / TRIADS)
    tones = np.full((2, TRIADS, 12), SMOOTH_TONES / 12)
    quality = np.zeros((2, TRIADS, 9))
    for one in some:
        weight, mode = np.sqrt(mean / sizes[one.set]), one.line.mode
        before = -1
        for k, chord in enumerate(one.chords):
            now = triad(chord)
            if now >= 0:
                if before >= 0:
                    moves[mode, place(one.line.beats[k]), before, now] += weight
                first[mode, now] += weight
                tones[mode, now] += weight * one.line.relative("sounding", k)
                quality[mode, now, chord.quality] += weight
            before = now
    for now in range(TRIADS):
        quality[:, now, 1 + now % 2] += 1e-3
    return Tables(
        (first / first.sum(-1, keepdims=True)).astype(np.float32),
        (moves / moves.sum(-1, keepdims=True)).astype(np.float32),
        (tones / tones.sum(-1, keepdims=True)).astype(np.float32),
        quality.argmax(-1).astype(np.int8),
    )
