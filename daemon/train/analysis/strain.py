"""What equipment does to loud and to faint sound: compression, clipping, few bits, a lossy codec, a hand on a fader."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate, one_hot, pad

from daemon.train.analysis.chance import blocks, evenly, ratio, some, uniform

ATTACK = 16  # blocks that it is spread over
BLOCK = 128  # samples of one value of the compressor's gain
CODED = 1024  # samples of a window of the codec
CODEC_BANDS = 24


def compressed(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A feed-forward compressor to a limiter (Giannoulis et al., "Digital dynamic range compressor design", JAES 2012).

    The level falls by so many dB a second after its peaks, and rises with an attack. (b, n) -> (b, n)
    """
    b, n = sound.shape
    level = blocks(sound, BLOCK).square().mean(-1).add(1e-9).log10() * 10  # dB, (b, blocks)
    k = torch.arange(level.shape[-1], device=sound.device)
    threshold = level.amax(-1, keepdim=True) - uniform(rng, (b, 1), 3, 25)
    fall = BLOCK / rate * 8.7 / evenly(rng, (b, 1), 0.03, 0.5)  # dB a block
    over = ((level + k * fall).cummax(-1).values - k * fall - threshold).clamp(min=0)
    steps = torch.arange(ATTACK, device=sound.device)
    attack = torch.exp(-steps * (BLOCK / rate) / evenly(rng, (b, 1), 0.001, 0.02))
    attack = (attack / attack.sum(-1, keepdim=True)).flip(-1)[:, None]
    over = (pad(over, (ATTACK - 1, 0)).unfold(-1, ATTACK, 1) * attack).sum(-1)
    slope = 1 - 1 / evenly(rng, (b, 1), 1.5, 20)
    gain_db = interpolate((-slope * over)[:, None], scale_factor=BLOCK, mode="linear")[:, 0, :n]
    return sound * ratio(gain_db)


def overdriven(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Soft clipping, a little more on one side; some of the clean sound may remain. (b, n) -> (b, n)"""
    b = sound.shape[0]
    peak = _peak(sound)
    drive, lean = evenly(rng, (b, 1), 1, 20), uniform(rng, (b, 1), -0.3, 0.3)
    driven = torch.tanh(sound / peak * drive + lean) - torch.tanh(lean)
    clean = uniform(rng, (b, 1), 0, 1) * some(rng, (b, 1), 0.3)
    return driven * (1 - clean) + clean * sound / peak


def clipped(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """An input that is too loud. (b, n) -> (b, n)"""
    most = _peak(sound) * ratio(-uniform(rng, (sound.shape[0], 1), 0.5, 14))
    return torch.minimum(torch.maximum(sound, -most), most)


def coarse(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """Of 6 to 12 bits, where the peak has all of them. (b, n) -> (b, n)"""
    step = _peak(sound) * torch.exp2(1 - uniform(rng, (sound.shape[0], 1), 6, 12).round())
    return (sound / step).round() * step


def coded(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """As from a codec at a low rate: a band limit, and each band's lines rounded (by the power of 3/4, as in MPEG-1 layer
    III), so that the faint ones fall away. (b, n) -> (b, n)
    """
    b, n = sound.shape
    window = torch.hann_window(CODED, device=sound.device).sqrt()
    padded = pad(sound, (0, CODED))
    lines = torch.view_as_real(
        torch.stft(padded, CODED, CODED // 2, window=window, return_complex=True)
    )  # (b, f, t, 2)
    f = torch.arange(CODED // 2 + 1, device=sound.device)
    band = (CODEC_BANDS * torch.log1p(f / 6) / torch.log1p(f[-1] / 6)).long().clamp(max=CODEC_BANDS - 1)
    member = one_hot(band, CODEC_BANDS).float()
    energy = torch.einsum("bft,fk->bkt", lines.square().sum(-1), member / member.sum(0).clamp(min=1))
    energy = torch.einsum("bkt,fk->bft", energy, member)
    step = energy.sqrt() * ratio(-uniform(rng, (b, 1, 1), -4, 14)) + 1e-9
    rounded = (lines.abs() / step[..., None]).pow(0.75).add(0.4054).floor().pow(4 / 3) * step[..., None]
    kept = f < (evenly(rng, (b, 1), 4000, 18000) * CODED / rate)
    lines = torch.view_as_complex((rounded * lines.sign() * kept[:, :, None, None]).contiguous())
    return torch.istft(lines, CODED, CODED // 2, window=window, length=n + CODED)[:, :n]


def faded(sound: Tensor, rng: torch.Generator, rate: float) -> Tensor:
    """A fader moved once, up or down, at once or over seconds. (b, n) -> (b, n)"""
    b, n = sound.shape
    at = uniform(rng, (b, 1), 0, 1) * n / rate
    takes_s = evenly(rng, (b, 1), 0.01, 2)
    part = ((torch.arange(n, device=sound.device) / rate - at) / takes_s).clamp(0, 1)
    return sound * ratio(uniform(rng, (b, 1), -20, 12) * part)


def _peak(sound: Tensor) -> Tensor:
    return sound.abs().amax(-1, keepdim=True).clamp(min=1e-6)
