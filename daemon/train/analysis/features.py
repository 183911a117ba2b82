"""The front end of dsp.spectrogram in PyTorch, for whole batches: the same windows and filters, so the same numbers."""

import numpy as np
import torch
from torch import Tensor, nn

from dsp import spectrogram
from dsp.activations import FRAMES_HZ

AT_ONCE = 8  # sounds transformed together


class Features(nn.Module):
    """Sound (batch, samples) at `rate` Hz, a multiple of FRAMES_HZ, to bands (batch, frames, 2, BANDS) and tones."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        if rate % FRAMES_HZ:
            raise ValueError(f"{rate} Hz is no multiple of {FRAMES_HZ} Hz")
        self.hop = rate // FRAMES_HZ
        for k, (window, weights) in enumerate(zip(spectrogram.windows(rate), spectrogram.filters(rate), strict=True)):
            last = int(np.flatnonzero(weights.sum(axis=0))[-1]) + 1
            self.register_buffer(f"window_{k}", torch.tensor(window, dtype=torch.float32))
            self.register_buffer(f"weights_{k}", torch.tensor(weights[:, :last].T, dtype=torch.float32))

    @torch.no_grad()
    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Frame k ends with sample (k + 1) * hop; before the first there was silence."""
        parts = [self._some(some) for some in sound.split(AT_ONCE)]
        return torch.cat([bands for bands, _ in parts]), torch.cat([tones for _, tones in parts])

    def _some(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        short, middle, tones = (self._logs(sound, k) for k in range(spectrogram.FILTERS))
        return torch.stack((short, middle), 2), tones

    def _logs(self, sound: Tensor, k: int) -> Tensor:
        window, weights = getattr(self, f"window_{k}"), getattr(self, f"weights_{k}")
        padded = nn.functional.pad(sound, (window.numel() - self.hop, 0))
        frames = padded.unfold(1, window.numel(), self.hop) * window
        spectrum = torch.fft.rfft(frames, spectrogram.SIZES[k])[..., : len(weights)]
        power = spectrum.real**2 + spectrum.imag**2
        return spectrogram.SCALE * torch.log1p(spectrogram.GAIN * torch.sqrt(power @ weights))
