"""From clean stems to what a microphone on a stage brings: mixed, then spoilt; faster or slower (`pace`).

All of it is PyTorch on float32 batches, computed where the sound lies, and drawn from a torch.Generator on that device: the
same seed gives the same sound. What the labels tell stays true: a stroke sounds when it did.
"""

import torch
from torch import Tensor

from daemon.train.analysis import noise, room, strain, tone
from daemon.train.analysis.chance import Effect, blocks, normal, only, ratio, rms, some, uniform, whole
from daemon.train.analysis.pace import stretch

__all__ = ["mix", "spoil", "stretch"]

CLEAN = 0.08  # of all examples: spoilt by nothing but their level
LOUDNESS = 4410  # samples of a block whose level counts
SPREAD_DB = 28.0  # most between the loudest stem and the quietest: what is labelled can be heard
PEAK_DBFS = (-36.0, -1.0)


def mix(stems: Tensor, present: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """A band's stems (b, s, n), int16 or float within -1..1, at levels of its own, some muted, in mono.

    `present` (b, s) says which stems there are; one that is silent counts as absent. Gives the sound (b, n) with a peak of 1
    at most, which stems sound (b, s), at least one where any is present, and what each was multiplied by (b, s). A fifth of
    all play alone or in twos.
    """
    b, s, n = stems.shape
    unit = 1 / 32768 if stems.dtype == torch.int16 else 1.0
    level = torch.stack([_loudness_db(stems[:, k].float() * unit) for k in range(s)], 1)
    present = present & (level > -90)
    few = some(rng, (b, 1), 0.2)
    order = torch.where(present, uniform(rng, (b, s), 0, 1), 2.0).argsort(-1).argsort(-1)  # a rank, the absent last
    on = torch.where(few, order < whole(rng, (b, 1), 1, 3), (order == 0) | some(rng, (b, s), 0.82)) & present
    mean = (level * on).sum(-1, keepdim=True) / on.sum(-1, keepdim=True).clamp(min=1)
    wanted = level + (mean - level) * uniform(rng, (b, 1), 0, 1) + normal(rng, (b, s), 5, 12)
    loudest = torch.where(on, wanted, -200.0).amax(-1, keepdim=True)
    gains = ratio(torch.maximum(wanted, loudest - SPREAD_DB) - level) * on
    sound = torch.zeros(b, n, device=stems.device)
    for k in range(s):
        sound += stems[:, k].float() * (gains[:, k, None] * unit)
    down = 1 / sound.abs().amax(-1, keepdim=True).clamp(min=1)
    return sound * down, on, gains * down


def spoil(sound: Tensor, rng: torch.Generator, mono_rate: int = 44100) -> Tensor:
    """Each example (b, n) through equipment, a room and an audience of its own, to a peak of -36..-1 dBFS.

    Silence stays silence unless something is added to it. At least 1024 samples at `mono_rate` Hz.
    """
    b = sound.shape[0]
    dirty = ~some(rng, (b,), CLEAN)

    def perhaps(sound: Tensor, chance: float, effect: Effect) -> Tensor:
        return only(sound, dirty & some(rng, (b,), chance), effect, rng, mono_rate)

    sound = sound / rms(sound).clamp(min=1e-5) * 0.1
    for chance, effect in (
        (0.12, strain.overdriven),
        (0.3, strain.compressed),
        (0.7, tone.desk),
        (0.08, tone.thin),
        (0.55, room.reverberated),
    ):
        sound = perhaps(sound, chance, effect)
    sound = noise.bleed(sound, dirty & some(rng, (b,), 0.15), rng, mono_rate)
    for chance, effect in (
        (0.55, noise.noisy),
        (0.15, tone.dull),
        (0.03, tone.phone),
        (0.1, strain.faded),
        (0.1, strain.compressed),
        (0.12, _mains),
        (0.1, _shifted),
        (0.1, strain.clipped),
        (0.05, strain.coarse),
        (0.12, strain.coded),
    ):
        sound = perhaps(sound, chance, effect)
    peak = sound.abs().amax(-1, keepdim=True)
    level = ratio(uniform(rng, (b, 1), *PEAK_DBFS)) * torch.where(some(rng, (b, 1), 0.5), -1.0, 1.0)
    return torch.where(peak > 1e-5, sound / peak.clamp(min=1e-5), torch.zeros_like(sound)) * level


def _mains(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    level = rms(sound) * ratio(uniform(rng, (sound.shape[0], 1), -50, -15))
    return sound + level * noise.hum(sound, rng, rate)


def _shifted(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """By a constant, up to a quarter of the peak."""
    return sound + sound.abs().amax(-1, keepdim=True) * uniform(rng, (sound.shape[0], 1), -0.25, 0.25)


def _loudness_db(sound: Tensor) -> Tensor:
    """Of the loudest tenth of its blocks: a drum that is struck rarely is as loud as one that is struck often."""
    power = blocks(sound, LOUDNESS).square().mean(-1)
    return 10 * power.topk(-(-power.shape[-1] // 10), -1).values.mean(-1).add(1e-10).log10()
