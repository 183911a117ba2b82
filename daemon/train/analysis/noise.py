"""What else sounds on a stage: hiss and rumble, an amplifier's hum, a crowd that talks or claps, the others' instruments.

A noise takes the silence (b, n) that it is to fill.
"""

import math

import torch
from torch import Tensor

from daemon.train.analysis.chance import curve, evenly, normal, only, ratio, rms, some, uniform, whole
from daemon.train.analysis.tone import GRID, convolved, fast, filtered, high_pass, low_pass, peak

ABOVE_DB = (3.0, 50.0)  # sound over noise
BLEED_DB = (-40.0, -18.0)
QUIETEST = 1e-3  # RMS that noise is measured against where there is no sound
HARMONICS = 8  # of a hum
VOICES = 3


def noisy(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """One kind of noise on each example. (b, n) -> (b, n)"""
    b = sound.shape[0]
    kind = uniform(rng, (b,), 0, 1)
    noise = torch.zeros_like(sound)
    for low, high, effect in ((0, 0.45, steady), (0.45, 0.6, amplifier), (0.6, 0.8, talk), (0.8, 1, applause)):
        noise = only(noise, (kind >= low) & (kind < high), effect, rng, rate)
    level = rms(sound).clamp(min=QUIETEST) * ratio(-uniform(rng, (b, 1), *ABOVE_DB))
    return sound + noise * level / (rms(noise) + 1e-9)


def bleed(sound: Tensor, chosen: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Into the chosen (bool (b,)) another example of the batch, from across the stage: later, duller, quieter. (b, n)"""
    b, at = sound.shape[0], chosen.nonzero()[:, 0]
    few = (at.numel(),)
    if b == 1 or few == (0,):
        return sound
    who = (at + whole(rng, few, 1, b)) % b
    w = torch.linspace(0, math.pi, GRID // 2 + 1, device=sound.device)
    late = (uniform(rng, (*few, 1), 0.001, 0.02) * rate).round()
    gain = torch.polar(torch.ones_like(w * late), -w * late)
    gain = gain * low_pass(evenly(rng, few, 500, 6000), uniform(rng, few, 0.5, 0.8), rate)
    other = filtered(sound[who], gain)
    level = rms(sound[at]).clamp(min=QUIETEST) * ratio(uniform(rng, (*few, 1), *BLEED_DB))
    return sound.index_add(0, at, other * level / rms(other).clamp(min=1e-6))


def steady(silence: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """White, pink, brown and between; some swell slowly, as wind and air conditioning do."""
    b, n = silence.shape
    size = fast(n)
    shape = (b, size // 2 + 1)
    hz = torch.linspace(0, rate / 2, shape[1], device=rng.device)
    power = uniform(rng, (b, 1), -2.2, 0.4)
    swell = curve(normal(rng, (b, 32), 3) * some(rng, (b, 1), 0.5), evenly(rng, (b,), 0.3, 3), n, rate)
    spectrum = torch.complex(normal(rng, shape), normal(rng, shape)) * (hz.clamp(min=30) / 1000) ** (power / 2)
    return torch.fft.irfft(spectrum, size)[:, :n] * ratio(swell)


def amplifier(silence: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Hum and hiss."""
    b, n = silence.shape
    hiss = normal(rng, (b, n))
    return hum(silence, rng, rate) + hiss * ratio(uniform(rng, (b, 1), -40, -3))


def hum(silence: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """The mains' harmonics, with an RMS of 1."""
    b, n = silence.shape
    mains_hz = torch.where(some(rng, (b, 1), 0.6), 50.0, 60.0) * (1 + normal(rng, (b, 1), 0.0005))
    turns = torch.arange(n, device=rng.device) * (mains_hz / rate)
    sound = torch.zeros(b, n, device=rng.device)
    fall = uniform(rng, (b, 1), 0.2, 2)
    for k in range(1, HARMONICS + 1):
        strength = normal(rng, (b, 1)) * k**-fall
        sound += strength * torch.sin(2 * math.pi * (turns * k % 1 + uniform(rng, (b, 1), 0, 1)))
    return sound / (rms(sound) + 1e-9)


def talk(silence: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A few voices over the murmur of many: syllables of gliding pitch under two formants each, and shaped noise."""
    b, n = silence.shape
    sound = torch.zeros(b, n, device=rng.device)
    for _ in range(VOICES):
        glide = curve(normal(rng, (b, 64), 2.5, 6), evenly(rng, (b,), 1.5, 4), n, rate)
        hz = evenly(rng, (b, 1), 85, 260) * torch.exp2(glide / 12)
        # Whole numbers add up alike in any order: a sum of floats on a GPU need not come out the same twice.
        turns = ((hz * (2**32 / rate)).long().cumsum(-1) & (2**32 - 1)).float() / 2**32
        pulses = torch.exp(12 * (torch.cos(2 * math.pi * turns) - 1)) + 0.05 * normal(rng, (b, n))
        said = pulses * _syllables(b, n, rng, rate) * ratio(normal(rng, (b, 1), 5))
        first, second = evenly(rng, (b,), 300, 850), evenly(rng, (b,), 900, 2400)
        q, up = torch.full_like(first, 3.0), torch.full_like(first, 18.0)
        shape = peak(first, q, up, rate) * peak(second, q, up, rate) * low_pass(second * 1.5, q / 4, rate)
        sound += filtered(said, shape * high_pass(q * 35, q / 4, rate))
    murmur = normal(rng, (b, n)) * (0.3 + _syllables(b, n, rng, rate))
    q = torch.full((b,), 0.5, device=rng.device)
    murmur = filtered(murmur, high_pass(q * 400, q, rate) * low_pass(evenly(rng, (b,), 700, 2500), q, rate))
    return sound / (rms(sound) + 1e-9) + ratio(uniform(rng, (b, 1), -20, 15)) * murmur / (rms(murmur) + 1e-9)


def applause(silence: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Claps without a pulse, from a dozen in a bar to a hall; it swells and ebbs."""
    b, n = silence.shape
    density = evenly(rng, (b, 1), 40, 4000) / rate
    swell = ratio(curve(normal(rng, (b, 16), 6, 12), evenly(rng, (b,), 0.1, 1), n, rate))
    claps = normal(rng, (b, n)) * some(rng, (b, n), density * swell)
    m = GRID // 4
    t = torch.arange(m, device=rng.device) / rate
    hands = normal(rng, (b, m)) * torch.exp(-t / evenly(rng, (b, 1), 0.001, 0.006))
    q = uniform(rng, (b,), 0.5, 1.5)
    band = high_pass(evenly(rng, (b,), 300, 1000), q, rate) * low_pass(evenly(rng, (b,), 1500, 7000), q, rate)
    return convolved(claps, filtered(hands, band))


def _syllables(b: int, n: int, rng: torch.Generator, rate: float) -> Tensor:
    """Loudness of one who talks: several syllables a second, of any strength, with pauses."""
    strength = uniform(rng, (b, 128), 0, 1) * some(rng, (b, 128), 0.65)
    return curve(strength, evenly(rng, (b,), 5, 12), n, rate).square()
