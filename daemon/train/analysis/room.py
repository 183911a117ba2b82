"""A room: the sound itself, exactly when it was, then a few walls, then a tail that decays, sooner where it is bright.

The tail is noise under an exponential, as in J. A. Moorer, "About this reverberation business", Computer Music Journal 3(2),
1979.
"""

import math

import torch
from torch import Tensor

from daemon.train.analysis.chance import evenly, normal, ratio, uniform
from daemon.train.analysis.tone import convolved, filtered, low_pass

LONGEST_S = 1.2
WALLS = 10
WET_DB = (-25.0, -3.0)  # all that the room adds, beside the sound itself


def reverberated(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Each example in a room of its own. (b, n) -> (b, n)."""
    return convolved(sound, response(sound.shape[0], rng, rate))


def response(b: int, rng: torch.Generator, rate: float) -> Tensor:
    """Of b rooms: (b, LONGEST_S); the first sample is the sound itself, and nothing that follows is as strong."""
    m = int(LONGEST_S * rate)
    t = torch.arange(m, device=rng.device) / rate
    rt60 = evenly(rng, (b, 1), 0.1, LONGEST_S)
    bright = rt60 * uniform(rng, (b, 1), 0.3, 0.9)
    warm = low_pass(evenly(rng, (b,), 600, 4000), torch.full_like(rt60[:, 0], 0.7), rate)
    tail = _unit(filtered(normal(rng, (b, m)), warm)) * torch.exp(t * (-math.log(1000) / rt60))
    air = _unit(normal(rng, (b, m))) * ratio(uniform(rng, (b, 1), -20, 0))
    tail = tail + air * torch.exp(t * (-math.log(1000) / bright))
    gap = uniform(rng, (b, 1), 0.003, 0.03)
    tail = tail * ((t - gap) / gap).clamp(0, 1)
    walls = _walls(b, m, rng, rate, rt60)
    part = uniform(rng, (b, 1), 0.1, 0.6)  # of the energy that walls throw back
    wet = part.sqrt() * _unit(walls) + (1 - part).sqrt() * _unit(tail)
    wet = _unit(wet) * ratio(uniform(rng, (b, 1), *WET_DB))
    wet = wet.clamp(-0.6, 0.6)
    wet[:, 0] = 1
    return wet


def _walls(b: int, m: int, rng: torch.Generator, rate: float, rt60: Tensor) -> Tensor:
    """Single reflections, the first after 2 ms and more, weaker the later."""
    at_s = 0.002 + uniform(rng, (b, WALLS), 0, 1).square() * (0.08 * rt60).clamp(0.01, 0.06)
    strength = uniform(rng, (b, WALLS), -1, 1) / (1 + at_s / 0.01)
    walls = torch.zeros(b, m, device=rng.device)
    for k in range(WALLS):  # one at a time: two that fall together add up in the same order wherever this runs
        at = (at_s[:, k : k + 1] * rate).long()
        walls.scatter_(1, at, walls.gather(1, at) + strength[:, k : k + 1])
    return walls


def _unit(x: Tensor) -> Tensor:
    """With an energy of 1."""
    return x / (x.square().sum(-1, keepdim=True).sqrt() + 1e-9)
