"""Random tone controls, as minimum-phase filters: nothing sounds before its time, and a stroke stays where it was.

Second-order sections of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients", taken as what
they are on the unit circle: the analogue section at tan(w / 2) / tan(w0 / 2), by the bilinear transform.
"""

import math

import torch
from torch import Tensor

from daemon.train.analysis.chance import evenly, normal, ratio, some, uniform

GRID = 16384  # points round the unit circle, and so the longest response in samples
PEAKS = 4


def fast(least: int) -> int:
    """The next length that transforms fast: a power of two, or 9, 5, 3 or 7 of them."""
    power = 1 << max(3, (least - 1).bit_length() - 1)
    return next(power * k // 8 for k in (8, 9, 10, 12, 14, 16) if power * k // 8 >= least)


def convolved(sound: Tensor, response: Tensor) -> Tensor:
    """(b, n) by (b, m), causal: the first n samples."""
    n = fast(sound.shape[-1] + response.shape[-1])
    spectrum = torch.fft.rfft(sound, n) * torch.fft.rfft(response, n)
    return torch.fft.irfft(spectrum, n)[..., : sound.shape[-1]]


def filtered(sound: Tensor, gain: Tensor) -> Tensor:
    """By a causal filter's complex gain (b, GRID / 2 + 1)."""
    return convolved(sound, torch.fft.irfft(gain, GRID))


def low_pass(hz: Tensor, q: Tensor, rate: float) -> Tensor:
    """Complex gain (b, GRID / 2 + 1), as are all below; hz and q (b,)."""
    x, q = _x(hz, rate), q[:, None]
    return 1 / torch.complex(1 - x * x, x / q)


def high_pass(hz: Tensor, q: Tensor, rate: float) -> Tensor:
    x, q = _x(hz, rate), q[:, None]
    return -x * x / torch.complex(1 - x * x, x / q)


def peak(hz: Tensor, q: Tensor, db: Tensor, rate: float) -> Tensor:
    x, q, a = _x(hz, rate), q[:, None], _root(db)
    return torch.complex(1 - x * x, x * a / q) / torch.complex(1 - x * x, x / a / q)


def low_shelf(hz: Tensor, db: Tensor, rate: float) -> Tensor:
    x, a = _x(hz, rate), _root(db)
    slope = math.sqrt(2) * a.sqrt() * x
    return a * torch.complex(a - x * x, slope) / torch.complex(1 - a * x * x, slope)


def high_shelf(hz: Tensor, db: Tensor, rate: float) -> Tensor:
    return ratio(db)[:, None] * low_shelf(hz, -db, rate)


def desk(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A desk's knobs turned: bass, treble and a few bells, in half of the examples against each other (a tilt)."""
    b = (sound.shape[0],)
    bass, treble = normal(rng, b, 4, 12), normal(rng, b, 4, 12)
    treble = torch.where(some(rng, b, 0.5), -bass, treble)
    gain = low_shelf(evenly(rng, b, 60, 500), bass, rate) * high_shelf(evenly(rng, b, 1500, 8000), treble, rate)
    for _ in range(PEAKS):
        gain = gain * peak(evenly(rng, b, 60, 12000), evenly(rng, b, 0.5, 4), normal(rng, b, 4, 12), rate)
    return filtered(sound, gain)


def dull(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A cheap microphone, a blanket over it."""
    b = (sound.shape[0],)
    return filtered(sound, low_pass(evenly(rng, b, 2000, 12000), uniform(rng, b, 0.5, 1.0), rate))


def thin(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A small loudspeaker."""
    b = (sound.shape[0],)
    return filtered(sound, high_pass(evenly(rng, b, 40, 350), uniform(rng, b, 0.5, 1.2), rate))


def phone(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """The band of a telephone."""
    b = (sound.shape[0],)
    q = uniform(rng, b, 0.6, 0.9)
    low, high = high_pass(evenly(rng, b, 150, 350), q, rate), low_pass(evenly(rng, b, 3000, 5000), q, rate)
    return filtered(sound, low * low * high * high)


def _x(hz: Tensor, rate: float) -> Tensor:
    """Each point's tan(w / 2) over the corner's: (b, GRID / 2 + 1)."""
    w = torch.linspace(0, math.pi / 2, GRID // 2 + 1, device=hz.device)
    corner = torch.tan(math.pi * hz.clamp(max=0.45 * rate) / rate)[:, None]
    return torch.tan(w).abs().clamp(max=1e6) / corner  # the last is infinite


def _root(db: Tensor) -> Tensor:
    """A shelf's gain is this one's square."""
    return ratio(db / 2)[:, None]
