"""The two networks that hear, causal in every layer: from frames and a state to what was heard and the next state.

Convolutions look back two frames (their state is those frames), recurrent layers are GRUs (Cho et al., 2014). Rhythm is a
convolutional-recurrent network as in Vogl et al., "Drum transcription via joint beat and drum modeling", ISMIR 2017. Pitch
stacks harmonics as in Bittner et al., "A lightweight instrument-agnostic model for polyphonic note transcription", ICASSP
2022; one small GRU hears every key of the piano by the same weights, and one every root of a chord, so that what is learnt
in one key is known in all.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from dsp.activations import BINS_PER_SEMITONE, F0_BINS, LOWEST, PITCHES
from dsp.spectrogram import BANDS, LOWEST_TONE, TONES

RARE = -4.0  # where the logit of what seldom happens begins
BACK = 2  # frames that a convolution looks back
HARMONICS = (-12, 0, 12, 19, 24, 28, 31, 36)  # semitones from a bin to those it is heard with
FIRST_BIN = (LOWEST - LOWEST_TONE) * BINS_PER_SEMITONE - 1  # of the tones that is F0_BINS' first


class Size(NamedTuple):
    """Widths of both networks."""

    rhythm_channels: int = 40
    rhythm_units: int = 224
    pitch_channels: int = 32
    key_channels: int = 64  # of each of the 88
    key_units: int = 40
    root_units: int = 64


class Back(nn.Module):
    """A convolution over (batch, channels, time, bins) that sees BACK frames of the past, normalised, then ELU."""

    def __init__(self, into: int, out: int, bins: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            into,
            out,
            (BACK + 1, bins),
            (1, stride),
            (0, (bins - stride) // 2 if stride > 1 else bins // 2),
            groups=groups,
        )
        self.norm = nn.BatchNorm2d(out)
        self.into = into

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, into, time, bins), past (batch, into, BACK, bins); gives the same of `out`, and the next past."""
        x = torch.cat((past, x), 2)
        return nn.functional.elu(self.norm(self.conv(x))), x[:, :, -BACK:]


class Rhythm(nn.Module):
    """Bands (batch, time, 2, BANDS) to logits: onset (batch, time, 4), beat (batch, time, 3: beat, downbeat, nothing)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        c, u = size.rhythm_channels, size.rhythm_units
        self.first, self.second, self.third = Back(4, c, 3), Back(c, c, 3), Back(c, 2 * c, 3)
        self.pool = nn.MaxPool2d((1, 2))
        self.into = nn.Linear(2 * c * (BANDS // 8), u)
        self.quick, self.slow = nn.GRU(u, u, batch_first=True), nn.GRU(u, u, batch_first=True)
        self.onset, self.beat = nn.Linear(2 * u, 4), nn.Linear(2 * u, 3)
        self.drop = nn.Dropout(0.15)
        self.units, self.channels = u, c
        nn.init.constant_(self.onset.bias, RARE)

    def start(self, batch: int) -> list[Tensor]:
        """The state of silence."""
        c = self.channels
        return [
            torch.zeros(batch, 2, 1, BANDS),  # the frame before, of which the first difference is made
            torch.zeros(batch, 4, BACK, BANDS),
            torch.zeros(batch, c, BACK, BANDS // 2),
            torch.zeros(batch, c, BACK, BANDS // 4),
            torch.zeros(1, batch, self.units),
            torch.zeros(1, batch, self.units),
        ]

    @torch.no_grad()
    def forget_shortest(self) -> None:
        """Weigh what the shortest window and its difference tell as nothing."""
        self.first.conv.weight[:, ::2] = 0

    def forward(self, bands: Tensor, state: list[Tensor]) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Frames on from a state; the logits, and the state after them."""
        x = bands.transpose(1, 2)
        longer = torch.cat((state[0], x), 2)
        x = torch.cat((x, 3 * (longer[:, :, 1:] - longer[:, :, :-1])), 1)
        x, one = self.first(x, state[1])
        x, two = self.second(self.pool(x), state[2])
        x, three = self.third(self.pool(x), state[3])
        x = self.pool(x).transpose(1, 2).flatten(2)
        x = self.drop(nn.functional.elu(self.into(x)))
        quick, four = self.quick(x, state[4])
        slow, five = self.slow(self.drop(quick), state[5])
        heard = self.drop(torch.cat((quick, slow), 2))
        return {"onset": self.onset(heard), "beat": self.beat(heard)}, [longer[:, :, -1:], one, two, three, four, five]


class Pitch(nn.Module):
    """Bands (batch, time, 2, BANDS) and tones (batch, time, TONES) to logits of dsp.activations.PITCH."""

    turn: Tensor
    at: Tensor
    inside: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        c, k, u, r = size.pitch_channels, size.key_channels, size.key_units, size.root_units
        self.size = size
        self.edge = nn.Linear(2 * BANDS, 12)  # what the short windows tell of an attack
        self.first, self.second = Back(len(HARMONICS), c, 5), Back(c, c, 5)
        self.keys = Back(c, k, 3, stride=3)
        self.octave = nn.Conv2d(k, k, (1, 25), padding=(0, 12), groups=k)  # keys that share harmonics
        self.mix = nn.Sequential(nn.Conv2d(k, k, 1), nn.BatchNorm2d(k), nn.ELU())
        self.key_gru = nn.GRU(k + 12, u, batch_first=True)
        self.note = nn.Linear(u + k, 3)
        nn.init.constant_(self.note.bias, RARE)
        self.f0_first, self.f0 = nn.Conv2d(c, 8, (1, 1)), nn.Conv2d(8, 1, (1, 1))
        self.voiced = nn.Sequential(nn.Linear(PITCHES + 2 * BANDS + u, 48), nn.ELU(), nn.Linear(48, 1))
        self.fold = nn.Conv2d(k + 2, 10, 1)
        self.root_gru = nn.GRU(12 * 10 * 3, r, batch_first=True)
        self.chord, self.bass, self.root_key = nn.Linear(r, 3), nn.Linear(r, 1), nn.Linear(r, 2)
        turn = torch.tensor([[(root + step) % 12 for step in range(12)] for root in range(12)])
        self.register_buffer("turn", turn.flatten(), persistent=False)
        shift = torch.tensor([h * BINS_PER_SEMITONE for h in HARMONICS])
        at = FIRST_BIN + torch.arange(F0_BINS)[None] + shift[:, None]
        self.register_buffer("at", at.clamp(0, TONES - 1).flatten(), persistent=False)
        self.register_buffer("inside", ((at >= 0) & (at < TONES)).float()[None, :, None], persistent=False)

    def start(self, batch: int) -> list[Tensor]:
        """The state of silence."""
        s = self.size
        return [
            torch.zeros(batch, len(HARMONICS), BACK, F0_BINS),
            torch.zeros(batch, s.pitch_channels, BACK, F0_BINS),
            torch.zeros(batch, s.pitch_channels, BACK, F0_BINS),
            torch.zeros(1, batch * PITCHES, s.key_units),
            torch.zeros(1, batch * 12, s.root_units),
        ]

    @torch.no_grad()
    def forget_shortest(self) -> None:
        """Weigh what the shortest window tells as nothing."""
        self.edge.weight[:, :BANDS] = 0
        first = self.voiced[0]
        assert isinstance(first, nn.Linear)
        first.weight[:, PITCHES : PITCHES + BANDS] = 0

    def forward(self, bands: Tensor, tones: Tensor, state: list[Tensor]) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Frames on from a state; the logits, and the state after them."""
        batch, time = tones.shape[0], tones.shape[1]
        x = tones[:, :, self.at].view(batch, time, len(HARMONICS), F0_BINS).transpose(1, 2) * self.inside
        x, one = self.first(x, state[0])
        x, two = self.second(x, state[1])
        f0 = self.f0(nn.functional.elu(self.f0_first(x)))[:, 0]
        keys, three = self.keys(x, state[2])
        keys = self.mix(keys + self.octave(keys))  # (batch, k, time, 88)
        edge = nn.functional.elu(self.edge(bands.flatten(2)))
        each = keys.permute(0, 3, 2, 1)  # (batch, 88, time, k)
        heard = torch.cat((each, edge[:, None].expand(-1, PITCHES, -1, -1)), 3).flatten(0, 1)
        sung, four = self.key_gru(heard, state[3])
        notes = self.note(torch.cat((sung, each.flatten(0, 1)), 2)).view(batch, PITCHES, time, 3).permute(3, 0, 2, 1)
        sounding = torch.sigmoid(notes[1])
        loud = bands.flatten(2)
        busy = sung.view(batch, PITCHES, time, -1).amax(1)
        heard_in = torch.cat((keys, sounding[:, None], torch.sigmoid(notes[0])[:, None]), 1)
        chroma = self._fold(self.fold(heard_in))  # (batch, time, 12, 30)
        turned = chroma[:, :, self.turn].view(batch, time, 12, -1).transpose(1, 2).flatten(0, 1)
        roots, five = self.root_gru(turned, state[4])
        chord = self.chord(roots).view(batch, 12, time, 3).permute(0, 2, 3, 1)  # (batch, time, 3, 12)
        none = chord[:, :, 2].mean(2, keepdim=True)
        return {
            "attack": notes[0],
            "sounding": notes[1],
            "velocity": notes[2],
            "f0": f0,
            "voiced": self.voiced(torch.cat((sounding, loud, busy), 2)),
            "chord": torch.cat((chord[:, :, :2].flatten(2), none), 2),
            "bass": self.bass(roots).view(batch, 12, time).transpose(1, 2),
            "key": self.root_key(roots).view(batch, 12, time, 2).permute(0, 2, 3, 1).flatten(2),
        }, [one, two, three, four, five]

    def _fold(self, x: Tensor) -> Tensor:
        """Keys (batch, n, time, 88) by pitch class from C, of the low, middle and high third: (batch, time, 12, 3n)."""
        x = nn.functional.elu(x)
        x = nn.functional.pad(x, (LOWEST - 12, 108 - LOWEST - PITCHES + 12))  # MIDI 12 to 119: nine octaves
        batch, n, time, _ = x.shape
        x = x.view(batch, n, time, 3, 3, 12).mean(4)
        return x.permute(0, 2, 4, 3, 1).flatten(3)
