"""What is drawn for each example of a batch, all of it from one torch.Generator on the device where the sound lies."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

Effect = Callable[[Tensor, torch.Generator, float], Tensor]
"""(sound (b, n), rng, rate in Hz) -> sound (b, n)."""


def uniform(rng: torch.Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=rng, device=rng.device)


def evenly(rng: torch.Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    """As many in each octave between `low` and `high`, both above 0."""
    return torch.exp(uniform(rng, shape, math.log(low), math.log(high)))


def normal(rng: torch.Generator, shape: tuple[int, ...], spread: float = 1.0, most: float = math.inf) -> Tensor:
    return (spread * torch.randn(shape, generator=rng, device=rng.device)).clamp(-most, most)


def some(rng: torch.Generator, shape: tuple[int, ...], chance: float | Tensor) -> Tensor:
    """bool."""
    return torch.rand(shape, generator=rng, device=rng.device) < chance


def whole(rng: torch.Generator, shape: tuple[int, ...], low: int, beyond: int) -> Tensor:
    return torch.randint(low, beyond, shape, generator=rng, device=rng.device)


def only(sound: Tensor, chosen: Tensor, effect: Effect, rng: torch.Generator, rate: float) -> Tensor:
    """`effect` on the chosen examples (bool (b,)), in place; nothing is computed for the others."""
    at = chosen.nonzero()[:, 0]
    return sound if at.numel() == 0 else sound.index_copy_(0, at, effect(sound[at], rng, rate))


def curve(knots: Tensor, knots_hz: Tensor, n: int, rate: float) -> Tensor:
    """Lines between random values: knots (..., k), `knots_hz` (...) of them a second, over and over -> (..., n)."""
    k = knots.shape[-1]
    at = torch.arange(n, device=knots.device) * (knots_hz / rate)[..., None]
    first = at.floor()
    left = (first % k).long()
    a, b = knots.gather(-1, left), knots.gather(-1, (left + 1) % k)
    return a + (b - a) * (at - first)


def ratio(db: Tensor) -> Tensor:
    """The factor that so many dB are."""
    return torch.exp(db * (math.log(10) / 20))


def rms(sound: Tensor) -> Tensor:
    """(..., n) -> (..., 1)."""
    return sound.square().mean(-1, keepdim=True).sqrt()


def blocks(sound: Tensor, size: int) -> Tensor:
    """(..., n) -> (..., ceil(n / size), size), the last filled up with zeros."""
    n = sound.shape[-1]
    return pad(sound, (0, -n % size)).unflatten(-1, (-1, size))
