"""Faster and slower, as a tape: tuning, a clock that is off.

Between samples by a windowed sinc (J. O. Smith, "Digital audio resampling", ccrma.stanford.edu/~jos/resample). Where the
sound is run faster it ends sooner: silence follows.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

TAPS, PHASES = 8, 1024
FIXED = 32  # bits after the point of a position: exact, and alike on every machine


def stretch(sound: Tensor, speed: Tensor) -> Tensor:
    """Each example (b, n) at its own speed (b,), within 0.94..1.06: what was at t is at t / speed; the start stays."""
    speed = (speed.double() * 2**FIXED).round().long()[:, None]  # in 2**-FIXED samples a sample
    where = speed * torch.arange(sound.shape[-1], device=sound.device)
    where += 2 ** (FIXED - 1) // PHASES  # to the nearest phase
    phase = (where >> (FIXED - PHASES.bit_length() + 1)) & (PHASES - 1)
    before = TAPS // 2 - 1
    first = (where >> FIXED).clamp(max=sound.shape[-1] + before)
    padded, table = pad(sound, (before, 2 * TAPS)), _table(sound.device)
    new = torch.zeros_like(sound)
    for tap in range(TAPS):
        new += table[tap][phase] * padded.gather(-1, first + tap)
    return new


def _table(device: torch.device) -> Tensor:
    """(TAPS, PHASES): a sinc under a Kaiser window, with a sum of 1."""
    x = torch.arange(TAPS, device=device)[:, None] - (TAPS // 2 - 1) - torch.arange(PHASES, device=device) / PHASES
    window = torch.special.i0(6.0 * (1 - (x / (TAPS / 2)).square()).clamp(min=0).sqrt())
    table = torch.sinc(x) * window
    return table / table.sum(0)
