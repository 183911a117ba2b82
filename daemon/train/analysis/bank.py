"""A rendered corpus on the device that trains: sound in one block where there is a GPU, and labels by frame."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from daemon.train.analysis import corpus
from daemon.train.analysis.targets import Labels
from dsp.activations import FRAMES_HZ

STEMS = 5  # of an excerpt at most
FRAMES = corpus.SECONDS * FRAMES_HZ


class Bank:
    """Excerpts by number. Memory: 2 MB a stem on a GPU; on a CPU the sound stays in its files."""

    def __init__(self, folder: Path, device: str) -> None:
        self.device = device
        self._excerpts = excerpts = corpus.load(folder)
        n = len(excerpts)
        self.programs = torch.full((n, STEMS), -1)
        self.f0 = torch.full((n, STEMS, FRAMES), -1.0)
        self.chord, self.bass, self.key = (torch.full((n, FRAMES), -1) for _ in range(3))
        self.has = torch.zeros(n, 2, dtype=torch.bool)
        self.kinds: list[str] = []
        self._notes: list[Tensor] = []
        self._beats: list[Tensor] = []
        self._sound: list[Tensor] = []
        for k in range(n):
            self._take(k, excerpts[k])
        for name in ("programs", "f0", "chord", "bass", "key", "has"):
            setattr(self, name, getattr(self, name).to(device))

    def __len__(self) -> int:
        return len(self.kinds)

    def _take(self, k: int, excerpt: corpus.Excerpt) -> None:
        self.kinds.append(excerpt.kind)
        stems = len(excerpt.stems)
        self.programs[k, :stems] = torch.tensor(np.asarray(excerpt.programs, np.int64))
        self.f0[k, :stems] = torch.tensor(np.asarray(excerpt.f0, np.float32)[:, :FRAMES])
        self.has[k] = torch.tensor([excerpt.has_notes, excerpt.has_beats])
        if excerpt.has_chords:
            for start, end, chord, bass in np.asarray(excerpt.chords):
                span = slice(max(0, round(start * FRAMES_HZ)), max(0, round(end * FRAMES_HZ)))
                self.chord[k, span], self.bass[k, span] = int(chord), int(bass)
        if excerpt.has_key:
            for start, end, key in np.asarray(excerpt.key):
                self.key[k, max(0, round(start * FRAMES_HZ)) : max(0, round(end * FRAMES_HZ))] = int(key)
        self._notes.append(torch.tensor(np.asarray(excerpt.notes, np.float32).reshape(-1, 6), device=self.device))
        self._beats.append(torch.tensor(np.asarray(excerpt.beats, np.float32).reshape(-1, 2), device=self.device))
        if self.device != "cpu":
            self._sound.append(torch.tensor(np.asarray(excerpt.stems), device=self.device))

    def sound(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Stems, int16 (batch, STEMS, samples), and which there are."""
        batch = torch.zeros(len(which), STEMS, corpus.LENGTH, dtype=torch.int16, device=self.device)
        for row, k in enumerate(which.tolist()):
            stems = self._sound[k] if self._sound else torch.tensor(np.asarray(self._excerpts[k].stems))
            batch[row, : len(stems)] = stems
        return batch, self.programs[which.to(self.device)] >= 0

    def labels(self, which: Tensor) -> Labels:
        """What is known of them."""
        at, one = which.to(self.device), which.tolist()

        def joined(rows: list[Tensor]) -> Tensor:
            each = [rows[k] for k in one]
            number = torch.repeat_interleave(
                torch.arange(len(one), device=self.device), torch.tensor([len(e) for e in each], device=self.device)
            )
            return torch.cat((number[:, None].float(), torch.cat(each)), 1)

        return Labels(
            joined(self._notes),
            joined(self._beats),
            self.programs[at],
            self.f0[at],
            self.chord[at],
            self.bass[at],
            self.key[at],
            self.has[at],
        )
