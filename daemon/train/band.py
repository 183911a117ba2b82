"""`jamd train band`: fit the weights of dsp/drums.py, which tells what struck at an onset, and score them.

The engine hears pieces of daemon/train/mixes.py; each onset it decides is an example: the classifier's inputs at that
hop, and the drums struck within 30 ms of it. Held-out pieces, of other songs and kits, give the scores.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.engine import offline
from daemon.models import writing
from daemon.train import mixes
from daemon.train.kit import HAT, KICK, OTHER, SNARE, Hit
from daemon.train.perceptron import Course, Perceptron, fit
from daemon.train.pieces import Songs
from dsp.analysers import onset
from dsp.drums import DOUBT, FULL, HIGH, LOW, MID
from dsp.hop import HOP, ONSET

PIECES, HELD_OUT_PIECES = 360, 80
COURSE = Course(units=16, epochs=60, batch=256, rate=4e-3, decay=1e-3)
SEED = 0
BAND_WEIGHTS = np.array([1.0, 1.5, 1.0, 1.0])  # snares are rare, and most easily taken for kicks with a bass
NEAR_S = 0.03  # a drum this near an onset is what struck
NAMES = ("LOW", "MID", "HIGH", "FULL")

Weights = dict[str, np.ndarray]  # as in drums.npz


class Examples(NamedTuple):
    """One row for each onset."""

    inputs: np.ndarray  # (n, drums.N_INPUTS)
    target: np.ndarray  # (n, 4), the probability of each band; all 0 where a tom alone struck: not to be judged
    kind: np.ndarray  # (n,) of mixes.Mix.kind


def run(data: Path, out: Path) -> int:
    """Train on the songs of `data`/symbolic/pop909 and write the weights. Raises UserError. [main]"""
    examples = _examples(Songs(data), PIECES, held_out=False)
    print(f"{len(examples.inputs)} onsets in {PIECES} pieces")
    weights = train(examples.inputs, examples.target)
    np.savez(out, **weights)  # type: ignore[arg-type]
    writing.refresh(out.parent)
    held_out = _examples(Songs(data, held=True), HELD_OUT_PIECES, held_out=True)
    found = predict(weights, held_out.inputs)
    for kind in ("drums", "mix", "music"):
        chosen = held_out.kind == kind
        print(table(f"held out: {kind}", held_out.target[chosen], found[chosen]))
    print(table("held out: all", held_out.target, found))
    return 0


def _examples(songs: Songs, pieces: int, held_out: bool) -> Examples:
    inputs, targets, kinds = [], [], []
    for seed in range(pieces):
        if seed % 20 == 0:
            print(f"{seed} of {pieces} pieces made", file=sys.stderr)
        piece = mixes.draw(seed, songs, held_out)
        for time_s, row in heard(piece.samples, piece.rate):
            inputs.append(row)
            targets.append(target(time_s, piece.hits))
            kinds.append(piece.kind)
    return Examples(np.array(inputs), np.array(targets), np.array(kinds))


def heard(samples: np.ndarray, rate: int) -> Iterator[tuple[float, np.ndarray]]:
    """The engine's onsets in mono samples: when, and what the classifier was given. [main]"""
    engine = offline.Engine(rate, 1, [onset])
    reader, given = offline.Reader(engine.state), engine.kept[1][1]["drums"]["input"][0]
    for start in range(0, samples.size, HOP):
        engine.process(samples[None, start : start + HOP])
        for event in reader.read().events:
            if event["kind"] == ONSET:
                yield event["sample_time"] / rate, given.copy()


def target(time_s: float, hits: list[Hit]) -> np.ndarray:
    """The probability of each band for an onset: a kick covers a hat, and so does a snare; kick and snare share."""
    struck = {hit.drum for hit in hits if abs(hit.time_s - time_s) < NEAR_S}
    wanted = np.zeros(4)
    if struck & {KICK, SNARE}:
        wanted[LOW], wanted[MID] = KICK in struck, SNARE in struck
    elif struck == {HAT}:
        wanted[HIGH] = 1
    elif OTHER not in struck:
        wanted[FULL] = 1
    return wanted / max(1.0, wanted.sum())


def train(inputs: np.ndarray, target: np.ndarray, course: Course = COURSE) -> Weights:
    """Weights for examples as in Examples. [main]"""
    judged = target.sum(axis=1) > 0
    wanted = target[judged] * BAND_WEIGHTS

    def loss(odds: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Cross-entropy; a row is as heavy as its targets sum to."""
        heavy = wanted[rows].sum(axis=1, keepdims=True)
        chance = np.exp(odds - odds.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        return chance * heavy - wanted[rows], float(-(wanted[rows] * np.log(chance + 1e-9)).sum(axis=1).mean())

    return fit(inputs[judged], loss, 4, course, SEED, lambda epoch, mean_loss: None)._asdict()


def predict(weights: Weights, inputs: np.ndarray) -> np.ndarray:
    """The band of each row of inputs, as the engine finds it. [main]"""
    odds = Perceptron(**weights)(inputs)
    odds[:, FULL] += DOUBT
    return odds.argmax(axis=1)


def table(title: str, target: np.ndarray, found: np.ndarray) -> str:
    """Precision, recall and confusion of the onsets where one band is right."""
    certain = target.max(axis=1) == 1
    true, found = target[certain].argmax(axis=1), found[certain]
    count = np.zeros((4, 4), int)
    np.add.at(count, (true, found), 1)
    right = count.diagonal()
    lines = [f"{title}: {len(true)} onsets, {right.sum() / max(1, len(true)):.3f} right"]
    lines.append(f"{'true':6}{'precision':>10}{'recall':>8}   found " + "".join(f"{name:>6}" for name in NAMES))
    for band, name in enumerate(NAMES):
        precision, recall = right[band] / max(1, count[:, band].sum()), right[band] / max(1, count[band].sum())
        lines.append(f"{name:6}{precision:10.2f}{recall:8.2f}         " + "".join(f"{n:6}" for n in count[band]))
    return "\n".join(lines)
