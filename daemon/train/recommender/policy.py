"""How imagined sets go: by rules, each set's own, and by lot.

A play is drawn by a softmax over the library: how far the fader would have to go, how the keys lie on the wheel, how
energetic the moment wants it, which style is on, and how it sounds beside what was played. What each of these weighs
differs widely from set to set; in some, lists more than mixes, tempo and key weigh nothing.
"""

from typing import NamedTuple

import numpy as np

from daemon.train.recommender.imagined import World

SHORTEST, LONGEST = 8, 40
LISTS = 0.4  # the share of sets that tempo and key do not rule
MEMORY = 0.8  # what the sound so far still weighs with each play
CRATE = 3  # a set is chosen from one in so many items
FARTHEST = 3.0  # no part counts for more: a play that is far out in one thing is not impossible


class Policy(NamedTuple):
    """What a set goes by."""

    tempo: float
    fader: float  # octaves
    key: float
    energy: float
    style: float
    sound: float
    turn: float  # how likely the style moves on, a play
    arc: np.ndarray  # the energy wanted at each play; NaN: as the last one


def policy(random: np.random.Generator) -> Policy:
    """One drawn by lot."""
    length = int(random.integers(SHORTEST, LONGEST + 1))
    tempo, key, energy, style, sound = np.exp(random.uniform(np.log(0.3), np.log(4.0), 5))
    if random.random() < LISTS:
        tempo = key = 0.0
        style, sound = style + 1.0, sound + 0.5
    elif random.random() < 0.3:
        key = 0.0
    turn = random.choice([0.0, 0.1, 0.3])
    return Policy(tempo, np.log2(1 + random.uniform(0.02, 0.08)), key, energy, style, sound, turn, _arc(length, random))


def play(world: World, by: Policy, random: np.random.Generator) -> np.ndarray:
    """int64: the rows of one set, none twice, from a crate packed by lot."""
    crate = random.permutation(len(world.items))[: max(len(world.items) // CRATE, 2 * LONGEST)]
    octave, wheel, minor = world.octave[crate], world.wheel[crate], world.minor[crate]
    energy, style, sound = world.energy[crate], world.style[crate], world.sound[crate].astype(np.float32)
    length = np.square(sound).mean(1)
    last = 0
    on, mean = int(style[last]), sound[last].copy()
    places, free = [last], np.zeros(len(crate))
    free[last] = -np.inf
    for wanted in by.arc[1:]:
        if random.random() < by.turn:
            on = int(random.choice(len(world.apart), p=_softmax(-6 * world.apart[on])))
        off = octave - octave[last]
        score = free + random.gumbel(size=len(crate))
        score -= by.tempo * np.minimum(np.square((off - np.rint(off)) / by.fader), FARTHEST)
        around = np.abs(wheel - wheel[last])
        steps = np.minimum(around, 12 - around) + (minor != minor[last])
        score -= by.key * np.clip(steps - 1, 0, FARTHEST)
        level = energy[last] if np.isnan(wanted) else wanted
        score -= by.energy * np.minimum(np.square((energy - level) / 0.15), FARTHEST)
        score -= by.style * np.minimum(3 * world.apart[on][style], FARTHEST)
        apart = length - 2 / len(mean) * (sound @ mean) + np.square(mean).mean()
        score -= by.sound * np.minimum(2 * apart, FARTHEST)
        last = int(np.argmax(score))
        places.append(last)
        free[last] = -np.inf
        mean = MEMORY * mean + (1 - MEMORY) * sound[last]
    return crate[places]


def _arc(length: int, random: np.random.Generator) -> np.ndarray:
    at = np.linspace(0, 1, length)
    low, high = np.sort(random.random(2))
    kind = random.integers(5)
    if kind == 0:  # warm-up, peak, cool-down
        return low + (high - low) * np.sin(np.pi * at**1.5)
    if kind == 1:  # waves
        return low + (high - low) * (0.5 + 0.5 * np.sin(2 * np.pi * (random.uniform(1, 4) * at + random.random())))
    if kind == 2:  # rising
        return low + (high - low) * at
    if kind == 3:  # one mood
        return np.full(length, random.random())
    return np.full(length, np.nan)


def _softmax(values: np.ndarray) -> np.ndarray:
    odds = np.exp(values - values.max())
    return odds / odds.sum()
