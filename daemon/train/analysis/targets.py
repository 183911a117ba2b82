"""What the networks should have heard of the stems that were mixed, frame by frame; late by dsp.activations.LATE_S."""

from typing import NamedTuple

import torch
from torch import Tensor

from dsp.activations import BINS_PER_SEMITONE, F0_BINS, FRAMES_HZ, LATE_S, LOWEST, NO_CHORD, PITCHES

NEAR = 1.5  # frames from an event at which its target has fallen from 1 to 0
NEAR_F0 = 0.7  # bins: of the bump around where a voice lies
PITCHED, KICK, SNARE, HAT = 0, 1, 2, 3  # what a note is
DRUM_KIT, NOISE = 128, 131  # programs without a pitch: the kit, and all from NOISE on
UNKNOWN = -1


class Labels(NamedTuple):
    """Of a batch, on one device. Times in s of the sound before it was stretched."""

    notes: Tensor  # (n, 7): example, stem, start, end, midi, velocity, drum class
    beats: Tensor  # (m, 3): example, time, position in the bar from 1
    programs: Tensor  # (batch, stems); -1 where there is no stem
    f0: Tensor  # (batch, stems, frames): Hz, 0 unvoiced, -1 unknown, at frame / FRAMES_HZ
    chord: Tensor  # (batch, frames): 0..24, -1 unknown
    bass: Tensor  # (batch, frames): 0..11 or -1
    key: Tensor  # (batch, frames): 0..23 or -1
    has: Tensor  # (batch, 2): notes, beats are known


class Targets(NamedTuple):
    """Frames by what is heard; each `_known` says where (1) it counts."""

    inside: Tensor  # (batch, frames): the sound has not ended
    onset: Tensor  # (batch, frames, 4)
    beat: Tensor  # (batch, frames, 3): beat, downbeat, nothing
    attack: Tensor  # (batch, frames, 88)
    sounding: Tensor
    velocity: Tensor  # 0..1 where attack > 0.5
    f0: Tensor  # (batch, frames, F0_BINS); all zero where unvoiced
    voiced: Tensor  # (batch, frames)
    f0_known: Tensor
    chord: Tensor  # (batch, frames): -1 where it does not count
    bass: Tensor
    key: Tensor
    notes_known: Tensor  # (batch,)
    beats_known: Tensor


def targets(labels: Labels, on: Tensor, ratio: Tensor, frames: int) -> Targets:
    """`on` (batch, stems): what was mixed; `ratio` (batch,): how much faster it plays, and so much higher."""
    batch, device = len(ratio), ratio.device
    semitones = 12 * torch.log2(ratio)
    example, stem = labels.notes[:, 0].long(), labels.notes[:, 1].long()
    notes = labels.notes[on[example, stem]]
    example, start, end = notes[:, 0].long(), notes[:, 2] / ratio[notes[:, 0].long()], notes[:, 3]
    end = end / ratio[example]
    midi, velocity, drum = notes[:, 4] + semitones[example], notes[:, 5] / 127, notes[:, 6].long()

    onset = torch.zeros(batch, frames, 4, device=device)
    began = start > 0
    _peaks(onset, "onset", start[began], (example[began],), 0)
    for kind in (KICK, SNARE, HAT):
        some = began & (drum == kind)
        _peaks(onset, "onset", start[some], (example[some],), kind)

    pitch = (midi.round() - LOWEST).long()
    some = (drum == PITCHED) & (pitch >= 0) & (pitch < PITCHES)
    attack, loud = torch.zeros(2, batch, frames, PITCHES, device=device)
    first = some & began
    _peaks(attack, "attack", start[first], (example[first],), pitch[first])
    _peaks(loud, "attack", start[first], (example[first],), pitch[first], velocity[first], 0.01)
    sounding = _held(start[some], end[some], example[some], pitch[some], batch, frames)

    at = labels.beats[:, 1] / ratio[labels.beats[:, 0].long()]
    whose, is_first = labels.beats[:, 0].long(), (labels.beats[:, 2] == 1).long()
    beat = torch.zeros(batch, frames, 3, device=device)
    _peaks(beat, "beat", at, (whose,), is_first)
    beat[..., 2] = (1 - beat[..., :2].sum(2)).clamp(0)
    beat = beat / beat.sum(2, keepdim=True)

    f0, voiced, f0_known = _voice(labels, on, ratio, frames)
    chord, bass, key = (_then(one, name, ratio, frames) for one, name in _harmony(labels, on))
    ends = torch.arange(1, frames + 1, device=device) / FRAMES_HZ
    inside = (ends[None] * ratio[:, None] < labels.f0.shape[2] / FRAMES_HZ).float()
    return Targets(
        inside, onset, beat, attack, sounding, loud, f0, voiced, f0_known, chord, bass, key, *labels.has.float().T
    )


def _peaks(
    into: Tensor, what: str, at: Tensor, where: tuple[Tensor], last, height: Tensor | float = 1.0, near: float = 0.0
) -> None:
    """Raise `into` (batch, frames, n) around each time to a triangle, or with `near` to a box, of a height."""
    frame = (at + LATE_S[what]) * FRAMES_HZ - 1
    for step in (-1, 0, 1, 2):
        k = frame.floor().long() + step
        value = (1 - (k - frame).abs() / NEAR).clamp(0)
        value = torch.where(value > 0, height, 0.0) if near else value * height
        fits = (k >= 0) & (k < into.shape[1])
        column = last[fits] if isinstance(last, Tensor) else torch.full_like(k[fits], last)
        flat = (where[0][fits] * into.shape[1] + k[fits]) * into.shape[2] + column
        into.view(-1).scatter_reduce_(0, flat, value[fits], "amax")


def _held(start: Tensor, end: Tensor, example: Tensor, pitch: Tensor, batch: int, frames: int) -> Tensor:
    """1 while a note is held."""
    steps = torch.zeros(batch, frames + 1, PITCHES, device=start.device)
    one = torch.ones_like(start)
    for at, sign in ((start, one), (end, -one)):
        k = ((at + LATE_S["sounding"]) * FRAMES_HZ - 1).round().long().clamp(0, frames)
        steps.view(-1).index_add_(0, (example * (frames + 1) + k) * PITCHES + pitch, sign)
    return (steps.cumsum(1)[:, :frames] > 0).float()


def _then(value: Tensor, what: str, ratio: Tensor, frames: int) -> Tensor:
    """What `value` (batch, frames) was at the moment that each frame of the stretched sound tells of."""
    ends = torch.arange(1, frames + 1, device=ratio.device) / FRAMES_HZ
    k = ((ends - LATE_S[what])[None] * ratio[:, None] * FRAMES_HZ).round().long().clamp(0, value.shape[1] - 1)
    return value.gather(1, k)


def _voice(labels: Labels, on: Tensor, ratio: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """The bump where the one voice lies, whether it sounds, and where that is known: a single voice, or none."""
    pitched = on & (labels.programs >= 0) & (labels.programs != DRUM_KIT) & (labels.programs < NOISE)
    single, none = pitched.sum(1) == 1, pitched.sum(1) == 0
    which = pitched.float().argmax(1)
    hz = labels.f0[torch.arange(len(ratio), device=ratio.device), which]
    known = ((single[:, None] & (hz >= 0)) | none[:, None]).float()
    hz = torch.where(single[:, None], hz.clamp(0), 0.0)
    hz, known = _then(hz, "f0", ratio, frames) * ratio[:, None], _then(known, "f0", ratio, frames)
    at = (69 + 12 * torch.log2(hz.clamp(1) / 440) - LOWEST) * BINS_PER_SEMITONE + 1
    bins = torch.arange(F0_BINS, device=hz.device)
    inside = (hz > 0) & (at >= 0) & (at <= F0_BINS - 1)
    bump = torch.exp(-0.5 * ((bins - at[..., None]) / NEAR_F0) ** 2) * inside[..., None]
    return bump / bump.sum(2, keepdim=True).clamp(1e-9), (hz > 0).float(), known


def _harmony(labels: Labels, on: Tensor) -> list[tuple[Tensor, str]]:
    """Chord, bass and key, unknown where the stems that tell them were left out."""
    pitched = (labels.programs >= 0) & (labels.programs != DRUM_KIT) & (labels.programs < NOISE)
    there, all_there = (on & pitched).sum(1), pitched.sum(1)
    tells = ((there >= 2) | (there == all_there))[:, None]
    silent = (there == 0)[:, None] & (labels.chord >= 0).any(1, keepdim=True)
    chord = torch.where(silent, NO_CHORD, torch.where(tells, labels.chord, UNKNOWN))
    bass = torch.where(tells & (there == all_there)[:, None], labels.bass, UNKNOWN)
    key = torch.where((there > 0)[:, None], labels.key, UNKNOWN)
    return [(chord, "chord"), (bass, "chord"), (key, "key")]
