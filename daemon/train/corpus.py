"""The onset corpus: pieces of seven families as sound, with their onsets, drawn from one seed."""

import random
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from daemon.train import pieces, render, voice
from daemon.train.pieces import Songs
from daemon.train.render import RATE, low_pass

TOGETHER_S = 0.025  # starts nearer than this are one onset
SUNG_LATE_S = 0.012


class Family(NamedTuple):
    """How many pieces, and when after an onset the detector is to answer: from, to, and unsure until, in s."""

    number: int
    first_s: float
    last_s: float
    unsure_s: float


FAMILIES = {
    "drums": Family(44, 0.012, 0.032, 0.010),
    "band": Family(24, 0.012, 0.036, 0.014),
    "piano": Family(24, 0.012, 0.036, 0.012),
    "solo": Family(50, 0.014, 0.042, 0.020),
    "voice": Family(90, 0.016, 0.044, 0.030),
    "pad": Family(90, 0.016, 0.050, 0.040),
    "taps": Family(16, 0.010, 0.030, 0.010),
}


class Example(NamedTuple):
    """Sound at 44.1 kHz in mono, and onsets in s in order."""

    family: str
    sound: np.ndarray
    onsets: np.ndarray


SEED = 1  # of the corpus trained on; the one judged by has the next


def examples(songs: Songs, seed: int, part: float = 1.0) -> Iterator[Example]:
    """All pieces, or (for a trial) a part of each family. Raises RenderError."""
    for family, wanted in FAMILIES.items():
        for index in range(max(1, round(wanted.number * part))):
            yield example(family, index, songs, seed)


def example(family: str, index: int, songs: Songs, seed: int) -> Example:
    """One piece; the same arguments give the same piece."""
    rnd = random.Random(f"{seed} {family} {index}")
    noise = np.random.default_rng([seed, index, list(FAMILIES).index(family)])
    if family == "voice":
        line = voice.phrase(pieces.cut(pieces.melody(songs.any(rnd)), rnd, 40), rnd)
        sound, starts = voice.Voice(line[-1][1] + 0.5, rnd, noise).sing(line)
        onsets = np.sort(starts) + SUNG_LATE_S
    elif family == "taps":
        sound, onsets = taps(rnd, noise)
    else:
        make = {"drums": pieces.drums, "pad": pieces.pad}.get(family)
        piece = make(rnd) if make else getattr(pieces, family)(songs, rnd)
        sound = render.render(piece, rnd)
        onsets = merged(render.starts(piece.notes))
    sound = render.spoil(np.asarray(sound), float(onsets[-1]), rnd, noise)
    if family in ("drums", "band") and rnd.random() < 0.5:
        sound = _echo(sound, noise)
    if family == "voice" or (family == "solo" and rnd.random() < 0.4):
        sound = _handle(sound, noise)
    return Example(family, sound.astype(np.float32), onsets)


def taps(rnd: random.Random, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Clicks, taps and claps out of silence: bursts of noise that die away within a twentieth of a second."""
    sound, onsets, now = np.zeros(45 * RATE), [], pieces.BEGIN_S
    dies_s, dull_hz = 10 ** rnd.uniform(-3.5, -1.8), rnd.choice([None, rnd.uniform(500, 6000)])
    while now < 44:
        n = int(RATE * 5 * dies_s)
        burst = noise.standard_normal(n) * np.exp(-np.arange(n) / (RATE * dies_s))
        burst = low_pass(burst, dull_hz) if dull_hz else burst
        at = int(now * RATE)
        sound[at : at + n] += burst * 10 ** (-rnd.uniform(0, 20) / 20)
        onsets.append(at / RATE)
        now += rnd.uniform(0.12, 0.8)
    return sound, np.array(onsets)


def merged(starts: list[float]) -> np.ndarray:
    """Starts that are heard as one, once."""
    onsets: list[float] = []
    for start in sorted(starts):
        if not onsets or start - onsets[-1] > TOGETHER_S:
            onsets.append(start)
    return np.array(onsets)


def _echo(sound: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """Early reflections."""
    heard = sound.copy()
    for _ in range(noise.integers(3, 12)):
        late = int(RATE * noise.uniform(0.002, 0.07))
        heard[late:] += sound[:-late] * noise.uniform(-0.4, 0.4)
    return heard / np.abs(heard).max() * np.abs(sound).max()


def _handle(sound: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """Bumps, rustle and breath that are no onsets."""
    heard, peak = sound.copy(), np.abs(sound).max()
    for _ in range(int(len(sound) / RATE * noise.uniform(0.2, 1.2))):
        n = int(RATE * 10 ** noise.uniform(-2.2, -0.5))
        at = noise.integers(0, len(sound) - n - 1)
        burst, dull = noise.standard_normal(n), max(1, int(10 ** noise.uniform(0, 1.5)))
        burst = np.convolve(burst, np.ones(dull) / np.sqrt(dull), "same")[:n]
        if noise.random() < 0.5:
            burst = np.diff(burst, append=0)
        heard[at : at + n] += burst * np.hanning(n) ** 0.7 * peak * 10 ** noise.uniform(-2.6, -1.3)
    return heard
