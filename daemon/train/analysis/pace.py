"""Faster and slower, as a tape: tuning, clocks that drift, wow; labels' times go with it.

Between samples by a windowed sinc (J. O. Smith, "Digital audio resampling", ccrma.stanford.edu/~jos/resample). Where the
sound is run faster it ends sooner: silence follows.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from daemon.train.analysis.chance import curve, evenly, normal, some, uniform

TAPS, PHASES = 8, 1024
FIXED = 32  # bits after the point of a position: exact, and alike on every machine
KNOT_S = 0.1
BOUNDS = (0.92, 1.09)  # of the speed that `warp` draws


def speeds(b: int, rng: torch.Generator) -> Tensor:
    """For `stretch`, (b,), within 0.94..1.06: near some semitone, so that what sounds between two keys is seldom taught.

    Half are at their pitch but for a clock's error, a fifth of them all out of tune by up to 0.4 semitones, the others a
    semitone higher or lower.
    """
    kind = uniform(rng, (b,), 0, 1)
    off = torch.where(kind < 0.5, normal(rng, (b,), 0.01), normal(rng, (b,), 0.2, 0.4))
    key = torch.where(kind < 0.85, -0.95, 0.95) + normal(rng, (b,), 0.03)
    return torch.exp2(torch.where(kind < 0.7, off, key) / 12).clamp(0.94, 1.06)


def stretch(sound: Tensor, speed: Tensor) -> Tensor:
    """Each example (b, n) at its own speed (b,), within 0.94..1.06: what was at t is at t / speed; the start stays."""
    return _at(sound, (speed.double() * 2**FIXED).round().long()[:, None], sound.shape[-1])


def warp(sound: Tensor, rng: torch.Generator, rate: int = 44100) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Each example at a speed of its own that wanders.

    Gives the sound (b, n), and at each of k knots, (b, k): its time in s in the old sound and in the new, between which the
    map is straight (see `moved`); and how many semitones higher all sounds from there to the next. Half are near their pitch
    (a drifting clock), the others out of tune by up to 0.35 semitones, or that beside a whole semitone up or down. A quarter
    also has wow.
    """
    b, n = sound.shape
    step = int(KNOT_S * rate)
    k = -(-n // step)
    keys = torch.where(some(rng, (b, 1), 0.3), torch.where(some(rng, (b, 1), 0.5), 1.0, -1.0), 0.0)
    off = (keys + normal(rng, (b, 1), 0.15, 0.35)) * some(rng, (b, 1), 0.5)
    hz, deep = evenly(rng, (b,), 0.3, 2), evenly(rng, (b, 1), 0.005, 0.06) * some(rng, (b, 1), 0.25)
    turns = torch.arange(k, device=sound.device) * KNOT_S * hz[:, None] + uniform(rng, (b, 1), 0, 1)
    slow = curve(normal(rng, (b, 64), 0.03, 0.06), evenly(rng, (b,), 0.05, 0.5), k, 1 / KNOT_S)
    pitch = off + deep * torch.sin(2 * torch.pi * turns) + slow * some(rng, (b, 1), 0.5)
    speed = (torch.exp2(pitch.double() / 12).clamp(*BOUNDS) * 2**FIXED).round().long()  # (b, k)
    old = pad((speed * step).cumsum(-1), (1, 0)).double() / 2**FIXED / rate  # whole numbers: in any order the same
    new = (torch.arange(k + 1, device=sound.device) * step / rate).expand(b, -1)
    pitch = 12 * torch.log2(speed.double() / 2**FIXED).float()
    return _at(sound, speed, step), old.float(), new, torch.cat([pitch, pitch[:, -1:]], -1)


def moved(times: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """Where times (b, m) in s of the old sound lie in the new: straight between knots (b, k), and on beyond the last."""
    left = (torch.searchsorted(old.contiguous(), times.contiguous(), right=True) - 1).clamp(0, old.shape[-1] - 2)
    a, b = old.gather(-1, left), old.gather(-1, left + 1)
    c, d = new.gather(-1, left), new.gather(-1, left + 1)
    return c + (times - a) * (d - c) / (b - a)


def _at(sound: Tensor, speed: Tensor, step: int) -> Tensor:
    """Read at `speed` (b, k), in 2**-FIXED samples a sample, each for `step` samples. (b, n) -> (b, n)"""
    n = sound.shape[-1]
    begins = pad((speed * step).cumsum(-1)[:, :-1], (1, 0))
    within = torch.arange(step, device=sound.device)
    where = (begins[:, :, None] + speed[:, :, None] * within).flatten(1)[:, :n]
    where = where + 2 ** (FIXED - 1) // PHASES  # to the nearest phase
    phase = (where >> (FIXED - PHASES.bit_length() + 1)) & (PHASES - 1)
    before = TAPS // 2 - 1
    first = (where >> FIXED).clamp(max=n + before)
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
