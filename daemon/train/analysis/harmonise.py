"""Chords for a tune that has none written, and the names of those that a choir or a piano plays."""

from itertools import pairwise

import numpy as np

from daemon.train.analysis.scores import CHORD, TONES

_MAJOR = ((0, 1, 1.0), (2, 2, 0.5), (4, 2, 0.2), (5, 1, 0.8), (7, 1, 0.8), (7, 3, 0.5), (9, 2, 0.55))
_MINOR = ((0, 2, 1.0), (3, 1, 0.6), (5, 2, 0.6), (7, 2, 0.4), (7, 3, 0.5), (8, 1, 0.5), (10, 1, 0.7))
"""(degree, quality, how usual) of the chords of a major and a minor key."""

_FIFTH_DOWN = 0.35  # bonus for a root that falls by a fifth
_STAYS = 0.4


def harmonise(notes: np.ndarray, place: np.ndarray, of: int, tonic: int, mode: int) -> np.ndarray:
    """CHORD of a melody (NOTE; `place` of its beats from 0): for each half bar, or bar of three, the path that fits best.

    Dynamic programming over the chords of the key (Viterbi).
    """
    step = 2 if of == 4 else of
    first = int(np.argmax(place == 0))
    edges = np.unique([0, *range(first, len(place), step), len(place)])
    states = _MINOR if mode else _MAJOR
    tones = np.zeros((len(states), 12), bool)
    for row, (degree, quality, _) in zip(tones, states, strict=True):
        row[[(tonic + degree + tone) % 12 for tone in TONES[quality]]] = True
    usual = np.array([usual for *_, usual in states])
    degrees = np.array([degree for degree, *_ in states])
    move = _STAYS * np.eye(len(states)) + _FIFTH_DOWN * ((degrees[:, None] - degrees) % 12 == 7)
    score, back = usual.copy(), []
    for a, b in pairwise(edges):
        inside = (notes["start"] < b) & (notes["end"] > a)
        weight = np.minimum(notes["end"][inside], b) - np.maximum(notes["start"][inside], a)
        weight = weight * (1 + (notes["start"][inside] % 1 < 0.01) + (np.abs(notes["start"][inside] - a) < 0.01))
        heard = np.bincount(notes["midi"][inside] % 12, weight, 12)
        fits = (tones @ heard - 0.6 * (~tones @ heard)) / max(1e-6, heard.sum()) if heard.sum() else 0 * usual
        reach = score[:, None] + move
        back.append(reach.argmax(axis=0))
        score = reach.max(axis=0) + 2 * fits + 0.5 * usual
    path = [int(score.argmax())]
    for previous in back[:0:-1]:
        path.append(int(previous[path[-1]]))
    rows = [
        (a, b, (tonic + states[k][0]) % 12, states[k][1], (tonic + states[k][0]) % 12)
        for a, b, k in zip(edges[:-1], edges[1:], path[::-1], strict=True)
    ]
    return np.array(rows, CHORD)


def spell(notes: np.ndarray, beats: int) -> np.ndarray:
    """CHORD of each beat from what sounds in it: -1 where that is no chord of the usual ones, or not all of one."""
    rows = []
    for beat in range(beats):
        inside = notes[(notes["start"] < beat + 1) & (notes["end"] > beat)]
        lasting = np.minimum(inside["end"], beat + 1) - np.maximum(inside["start"], beat) > 0.3
        inside = inside[lasting]
        classes = {int(p) % 12 for p in inside["midi"]}
        root, quality = next(
            (
                (r, q)
                for q, tones in enumerate(TONES)
                if q
                for r in range(12)
                if {(r + t) % 12 for t in tones} == classes
            ),
            (-1, -1),
        )
        bass = int(inside["midi"].min()) % 12 if len(inside) else -1
        rows.append((beat, beat + 1, root, quality, bass))
    return np.array(rows, CHORD)
