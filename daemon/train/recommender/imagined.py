"""Libraries that nobody owns: items of imagined styles, known as a scan, a streaming service or bare tags know them.

Each library draws its styles anew, so that no style can be learnt by heart, only what it is to be near. What holds in
all: louder and busier is more energetic (as `daemon.recommend.library.energy`), the acoustic is less so, three keys in
five are minor. The numbers are jamd's own; nothing of a real track is in them.
"""

from typing import Any, NamedTuple

import numpy as np

from daemon.recommend.item import N_TIMBRE, Item, Profile
from daemon.recommend.library.energy import energy
from dsp.harmony import KEY_PROFILES

TEMPI = ((124, 3), (128, 3), (138, 4), (174, 2), (90, 8), (100, 12), (110, 15), (120, 20))
"""Where a style's tempo may lie, BPM, and how far its items stray, percent."""

MINOR = 0.6
WRONG_KEY = 0.1  # the share of keys that are a fifth off, or the relative
OTHER_OCTAVE = 0.1  # of tempi that are given as a half or a double
MISSING = 0.06  # of each group of numbers
VIEWS = {
    "scan": ("tempo", "key", "energy", "loudness", "density", "duration", "chroma", "timbre"),
    "streaming": ("tempo", "key", "energy", "loudness", "traits"),
    "both": ("tempo", "key", "energy", "loudness", "density", "duration", "chroma", "timbre", "traits"),
    "tags": ("tempo", "key", "duration"),
}
"""Which groups of numbers a library has."""

CIRCLE = 7 * np.arange(12) % 12  # the pitch class of each place on the circle of fifths, from C


class World(NamedTuple):
    """A library as it truly is; what its items tell of it is less. One row an item."""

    items: list[Item]
    octave: np.ndarray  # log2 of the tempo
    wheel: np.ndarray  # int64: place on the circle of fifths of the relative major
    minor: np.ndarray  # bool
    energy: np.ndarray  # 0..1
    sound: np.ndarray  # float64 (n, d): timbre and traits, each style's spread about 1
    style: np.ndarray  # int64
    apart: np.ndarray  # float64 (styles, styles): how far styles are from one another; about 1 for two drawn by lot


def world(n: int, view: str, random: np.random.Generator, first: int = 1) -> World:
    """A library of `n` items with ids from `first`, which knows of them what VIEWS says."""
    k = int(random.integers(12, 41))
    style = random.choice(k, n, p=random.dirichlet(np.full(k, 2.0)))
    places = random.normal(size=(k, 5))
    apart = np.sqrt(np.square(places[:, None] - places[None]).mean(-1) / 2)

    def mixed(width: int) -> np.ndarray:
        """Numbers of styles: styles that are near have near ones. Variance about 1."""
        near = places @ random.normal(size=(5, width)) / np.sqrt(5)
        return 0.8 * near + 0.6 * random.normal(size=(k, width))

    of_tempo = random.integers(0, len(TEMPI), k)
    centre, stray = np.array(TEMPI, float)[of_tempo].T
    octave = np.log2(centre * (1 + random.normal(0, 0.03, k)))[style] + np.log2(1 + stray[style] / 100) * random.normal(
        size=n
    )
    wheel, minor = random.integers(0, 12, n), random.random(n) < MINOR
    vigour = 0.7 * mixed(1)[:, 0][style] + 0.7 * random.normal(size=n)  # what makes it loud and busy
    loudness = np.clip(-10 + 2.5 * vigour + random.normal(0, 1.2, n), -30, -4)
    density = np.clip(4 + 1.3 * vigour + random.normal(0, 0.8, n), 0.2, 12)
    bright = 1000 * 2 ** (0.5 * vigour + random.normal(0, 0.4, n))
    scanned = energy(loudness, density, bright)
    streamed = 1 / (1 + np.exp(-(0.6 + 1.1 * vigour + random.normal(0, 0.3, n))))
    heard = streamed if view == "streaming" else scanned
    timbre = mixed(N_TIMBRE)[style] * 0.8 + random.normal(0, 0.6, (n, N_TIMBRE))
    mood = mixed(4)[style] + random.normal(0, 0.7, (n, 4))
    traits = 1 / (1 + np.exp(-np.column_stack([
        0.6 + 0.7 * mood[:, 0],
        0.9 * mood[:, 1] + 0.4 * vigour,
        -1.5 - 1.5 * vigour + mood[:, 2],
        -4 + 4 * np.abs(mood[:, 3]) - mood[:, 0],
        -2.6 + 0.6 * mood[:, 2] - 0.4 * mood[:, 3],
    ])))  # fmt: skip
    world = World(
        [],
        octave,
        wheel,
        minor,
        np.argsort(np.argsort(vigour)) / max(n - 1, 1),
        np.column_stack([timbre, mood, mood]),
        style,
        apart,
    )
    numbers = {
        "energy": heard,
        "loudness": loudness,
        "density": density,
        "duration": 240 * 2 ** random.normal(0, 0.35, n),
        "chroma": _chroma(wheel, minor, random),
        "timbre": timbre,
        "traits": traits,
    }
    told = np.where(random.random(n) < OTHER_OCTAVE, random.choice([-1, 1], n), 0)
    numbers["tempo"] = 2 ** (octave + told)
    numbers["key"] = _keys(wheel, minor, random)
    known = {name: random.random(n) >= MISSING for name in VIEWS[view]}
    for row in range(n):
        profile = _profile({name: numbers[name][row] for name, there in known.items() if there[row]})
        world.items.append(Item(id=first + row, path=f"imagined/{first + row}", profile=profile))
    return world


def _keys(wheel: np.ndarray, minor: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As Profile.key, some of them wrong in the way that listening programs are."""
    n = len(wheel)
    wrong = random.random(n) < WRONG_KEY
    off = np.where(wrong, random.integers(-1, 2, n), 0)
    tonic = CIRCLE[(wheel + off) % 12]
    other = minor ^ (wrong & (off == 0))
    return np.where(other, 12 + (tonic + 9) % 12, tonic)


def _chroma(wheel: np.ndarray, minor: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Shares of pitch classes, (n, 12)."""
    profiles = np.array(KEY_PROFILES["Temperley"])
    tonic = CIRCLE[wheel]
    tonic = np.where(minor, tonic + 9, tonic) % 12
    shares = profiles[minor.astype(int)[:, None], (np.arange(12)[None] - tonic[:, None]) % 12]
    shares = shares / shares.sum(1, keepdims=True) * np.exp(random.normal(0, 0.35, shares.shape)) + 0.02
    return shares / shares.sum(1, keepdims=True)


def _profile(known: dict[str, Any]) -> Profile:
    """Of the groups that are known."""
    names = {"tempo": "tempo_bpm", "energy": "energy", "loudness": "loudness_lufs"}
    names |= {"density": "onset_density", "duration": "duration_s"}
    fields: dict[str, Any] = {names[name]: float(known[name]) for name in names if name in known}
    fields |= {name: tuple(known[name].tolist()) for name in ("chroma", "timbre", "traits") if name in known}
    return Profile(**fields, key=int(known["key"]) if "key" in known else -1)
