"""`jamd train onset`: makes the corpus, runs the engine's own novelty over it, and fits `dsp/analysers/onset.npz`.

Of each hop it learns the odds that an onset is to be told now, and how long ago that onset was.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.engine import offline
from daemon.models import writing
from daemon.train import corpus
from daemon.train.corpus import FAMILIES, Example
from daemon.train.perceptron import Course, Perceptron, fit
from daemon.train.pieces import Songs
from daemon.train.render import RATE
from dsp.analysers import onset
from dsp.hop import HOP

HOP_S = HOP / RATE
COURSE = Course(units=32, epochs=10, batch=4096, rate=3e-3, decay=1e-5)
HELD_PART = 0.15  # as many pieces, beside those trained on, to judge by
AGED_S = 0.06  # up to this age it is learnt
AGE_WEIGHT, AGE_CLIP = 0.15, 2.0  # beside the odds; Huber's limit, in units of age


class Rows(NamedTuple):
    """One row a hop. `told`: an onset is to be told now; `sure`: whether that is certain."""

    inputs: np.ndarray  # (n, N_INPUTS) float16
    told: np.ndarray
    sure: np.ndarray
    age_s: np.ndarray


def run(data: Path, out: Path, seed: int, part: float, say: Callable[[str], None]) -> None:
    """Make, fit from `seed`, save. Raises UserError for missing data or programs."""
    songs = Songs(data)
    total = sum(max(1, round(family.number * part)) for family in FAMILIES.values())
    made = []
    for k, one in enumerate(corpus.examples(songs, corpus.SEED, part), 1):
        made.append(rows(one))
        say(f"{k} of {total} pieces made ({one.family})")
    weights = train(join(made), seed, say)
    np.savez(out, **weights)  # type: ignore[arg-type]
    writing.refresh(out.parent)
    held = corpus.examples(Songs(data, held=True), corpus.SEED + 1, part * HELD_PART)
    say(judge(weights, join(rows(one) for one in held)))
    say(f"{out} written; put it at dsp/analysers/onset.npz and run `jamd eval onset --data {data}/analysis`")


def judge(weights: dict[str, np.ndarray], held: Rows) -> str:
    """How pieces never trained on fare, hop by hop."""
    says, sure = Perceptron(**weights)(held.inputs.astype(np.float32))[:, 0] > 0, held.sure
    hit = (says & held.told & sure).sum()
    f = 2 * hit / ((says & sure).sum() + (held.told & sure).sum())
    return f"held out: {len(says)} hops; an onset to be told, hop by hop: F {f:.3f}"


def rows(example: Example) -> Rows:
    """The novelty of each hop, as the live detector hears it, and what it should have said."""
    inputs = novelty(example.sound)
    now = (np.arange(len(inputs)) + 1) * HOP_S
    last = np.searchsorted(example.onsets, now, side="right") - 1
    age = np.where(last >= 0, now - example.onsets[np.maximum(last, 0)], 9.0)
    family = FAMILIES[example.family]
    told = (age >= family.first_s) & (age < family.last_s)
    unsure = ((age >= 0) & (age < family.first_s)) | ((age >= family.last_s) & (age < family.last_s + family.unsure_s))
    return Rows(inputs, told, ~unsure, age.astype(np.float32))


def novelty(sound: np.ndarray) -> np.ndarray:
    """The combiner's inputs, (hops, N_INPUTS) float16, from the engine itself."""
    engine = offline.Engine(RATE, 1, [onset])
    read = next(own for module, own in engine.kept if module is onset)["input"][0]
    found = np.empty((len(sound) // HOP, onset.N_INPUTS), np.float16)
    for k in range(len(found)):
        engine.process(sound[None, k * HOP : (k + 1) * HOP])
        found[k] = read
    return found


def join(parts: Iterable[Rows]) -> Rows:
    """All rows one after the other."""
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def train(data: Rows, seed: int, say: Callable[[str], None], course: Course = COURSE) -> dict[str, np.ndarray]:
    """Fit; the arrays of onset.npz."""

    def told(epoch: int, loss: float) -> None:
        say(f"epoch {epoch + 1} of {course.epochs}, loss {loss:.4f}")

    return fit(data.inputs, _loss(data), 2, course, seed, told)._asdict()


def _loss(data: Rows):
    """Cross-entropy of the odds; Huber's loss of the age where there is one."""

    def loss(out: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, float]:
        told, sure, age = data.told[at], data.sure[at], data.age_s[at]
        odds = 1 / (1 + np.exp(-out[:, 0]))
        gradient = np.empty_like(out)
        gradient[:, 0] = (odds - told) * sure
        aged = (age >= 0) & (age < AGED_S)
        wrong = np.clip(out[:, 1] - age / onset.AGE_UNIT_S, -AGE_CLIP, AGE_CLIP)
        gradient[:, 1] = wrong * aged * AGE_WEIGHT * (told + 0.3)
        likely = np.where(told, odds, 1 - odds)
        return gradient, float(-(sure * np.log(likely + 1e-7)).mean())

    return loss
