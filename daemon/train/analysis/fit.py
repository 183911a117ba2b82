"""Fits a network that hears to a rendered corpus: batch after batch mixed, stretched and spoilt anew, resumed where it stopped."""

import copy
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from daemon.train.analysis import augment, corpus
from daemon.train.analysis.bank import FRAMES, Bank
from daemon.train.analysis.features import Features
from daemon.train.analysis.network import Pitch, Rhythm, Size
from daemon.train.analysis.targets import Targets, targets

RATE, DECAY, WARM, KEEP = 2e-3, 1e-2, 200, 0.998  # of learning; of weights; steps to its height; of the running mean
BATCH = 24  # excerpts
MOST_STRETCH = 0.025  # 43 cents: a note stays itself
JUDGED = 250  # steps
SMALL = Size(24, 128, 16, 32, 24, 32)
ABLATIONS = ("augmentation", "window", "size")
"""What a network can be fitted without, to see what it brings: what spoils the sound; all windows but one; two thirds of it."""

Say = Callable[[str], None]


class Fit:
    """One network, its corpus, and how far it has come."""

    def __init__(self, name: str, train: Path, valid: Path, out: Path, seed: int, steps: int, without: str, say: Say):
        """`name`: rhythm or pitch; goes on from `out` where something of the same name lies there."""
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if self.device == "cpu":
            torch.set_num_threads(max(1, torch.get_num_threads()))
        torch.manual_seed(seed)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        size = SMALL if without == "size" else Size()
        self.network = (Rhythm if name == "rhythm" else Pitch)(size).to(self.device)
        self.mean = copy.deepcopy(self.network)
        self.features = Features(corpus.RATE).to(self.device)
        self.rng = torch.Generator(self.device).manual_seed(seed)
        self.steps, self.without, self.say, self.step = steps, without, say, 0
        self.optimiser = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=DECAY, betas=(0.9, 0.98))
        self.path = out / f"{name}{'-without-' + without if without else ''}.pt"
        self.train, self.valid = Bank(train, self.device), Bank(valid, self.device)
        if self.path.exists():
            self._resume(torch.load(self.path, map_location=self.device, weights_only=False))

    def _resume(self, saved: dict[str, Any]) -> None:
        self.network.load_state_dict(saved["state"])
        self.mean.load_state_dict(saved["mean"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.rng.set_state(saved["rng"].cpu())
        self.step = saved["step"]
        self.say(f"{self.path}: going on from step {self.step}")

    def save(self) -> None:
        """All that going on takes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        late = self.path.with_suffix(".part")
        torch.save(
            {
                "state": self.network.state_dict(),
                "mean": self.mean.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "rng": self.rng.get_state(),
                "step": self.step,
                "size": tuple(self.network_size()),
            },
            late,
        )
        late.replace(self.path)

    def network_size(self) -> Size:
        """Its widths."""
        return SMALL if self.without == "size" else Size()

    def batch(self, bank: Bank, which: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Targets]:
        """Bands, tones and targets of excerpts by number."""
        stems, present = bank.sound(which)
        sound, on, _ = augment.mix(stems, present, rng)
        ratio = 1 + MOST_STRETCH * (2 * torch.rand(len(which), generator=rng, device=self.device) - 1)
        sound = augment.stretch(sound, ratio)
        if self.without != "augmentation":
            sound = augment.spoil(sound, rng, corpus.RATE)
        bands, tones = self.features(sound)
        if self.without == "window":
            bands[:, :, 0] = 0.0  # nothing of the shortest
        return bands, tones, targets(bank.labels(which), on, ratio, FRAMES)

    def heard(self, network: nn.Module, bands: Tensor, tones: Tensor) -> dict[str, Tensor]:
        """Logits from silence on, in float32."""
        state = [one.to(self.device) for one in network.start(len(bands))]
        frames = (bands,) if isinstance(network, Rhythm) else (bands, tones)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device == "cuda"):
            found, _ = network(*frames, state)
        return {name: one.float() for name, one in found.items()}

    def run(self) -> None:
        """Fit until all steps are done; says how it goes, and saves at each look."""
        began, first, costs = time.monotonic(), self.step, []
        while self.step < self.steps:
            for group in self.optimiser.param_groups:
                done = self.step / self.steps
                group["lr"] = RATE * min(1, (self.step + 1) / WARM) * (0.01 + 0.99 * math.cos(done * math.pi / 2) ** 2)
            which = torch.randint(len(self.train), (BATCH,), generator=self.rng, device=self.device).cpu()
            bands, tones, goal = self.batch(self.train, which, self.rng)
            parts = losses(self.heard(self.network, bands, tones), goal)
            cost = torch.stack(list(parts.values())).sum()
            self.optimiser.zero_grad()
            cost.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            self.step += 1
            self._follow()
            costs.append(cost.detach())
            if self.step % JUDGED == 0 or self.step == self.steps:
                self.save()
                mean = float(torch.stack(costs).mean())
                spent = time.monotonic() - began
                left = spent / (self.step - first) * (self.steps - self.step)
                figures = ", ".join(f"{name} {value:.3f}" for name, value in self.judge().items())
                self.say(f"{self.path.stem} {self.step}/{self.steps}, {left / 60:.1f} min left: {mean:.3f}; {figures}")
                costs.clear()

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(KEEP, (1 + self.step) / (10 + self.step))
        for ours, theirs in zip(self.mean.state_dict().values(), self.network.state_dict().values(), strict=True):
            if ours.is_floating_point():
                ours.lerp_(theirs, 1 - keep)
            else:
                ours.copy_(theirs)

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Of the running mean, on pieces kept out, spoilt always the same way: F of frames, accuracies, the whole loss."""
        self.mean.eval()
        rng = torch.Generator(self.device).manual_seed(0)
        total: dict[str, list[float]] = {}
        for which in torch.arange(len(self.valid)).split(BATCH):
            bands, tones, goal = self.batch(self.valid, which, rng)
            found = self.heard(self.mean, bands, tones)
            figures = {"loss": float(sum(losses(found, goal).values()))} | scores(found, goal)
            for name, value in figures.items():
                total.setdefault(name, []).append(value)
        self.mean.train()
        return {name: sum(some) / len(some) for name, some in total.items()}


def losses(found: dict[str, Tensor], goal: Targets) -> dict[str, Tensor]:
    """By output; each a mean over the frames that count, weighed."""
    inside = goal.inside
    known = inside * goal.notes_known[:, None]
    if "beat" in found:
        beat = -(goal.beat * functional.log_softmax(found["beat"], 2)).sum(2)
        onset = functional.binary_cross_entropy_with_logits(found["onset"], goal.onset, reduction="none")
        return {
            "onset": 2 * _mean(onset[..., 0], known) + _mean(onset[..., 1:].sum(2), known),
            "beat": 2 * _mean(beat, inside * goal.beats_known[:, None]),
        }
    struck = functional.binary_cross_entropy_with_logits(found["attack"], goal.attack, reduction="none").sum(2)
    held = functional.binary_cross_entropy_with_logits(found["sounding"], goal.sounding, reduction="none").sum(2)
    loud = ((torch.sigmoid(found["velocity"]) - goal.velocity) ** 2 * (goal.attack > 0.5)).sum(2)
    where = -(goal.f0 * functional.log_softmax(found["f0"], 2)).sum(2)
    voiced = functional.binary_cross_entropy_with_logits(found["voiced"][..., 0], goal.voiced, reduction="none")
    sung = inside * goal.f0_known
    return {
        "attack": _mean(struck, known),
        "sounding": 0.5 * _mean(held, known),
        "velocity": _mean(loud, known),
        "f0": 0.5 * _mean(where, sung * goal.voiced),
        "voiced": 0.5 * _mean(voiced, sung),
        "chord": 0.4 * _class(found["chord"], goal.chord, inside),
        "bass": 0.15 * _class(found["bass"], goal.bass, inside),
        "key": 0.15 * _class(found["key"], goal.key, inside),
    }


def _mean(value: Tensor, counts: Tensor) -> Tensor:
    return (value * counts).sum() / counts.sum().clamp(1)


def _class(logits: Tensor, goal: Tensor, inside: Tensor) -> Tensor:
    each = functional.cross_entropy(logits.transpose(1, 2), goal.clamp(0), reduction="none")
    return _mean(each, inside * (goal >= 0))


def scores(found: dict[str, Tensor], goal: Targets) -> dict[str, float]:
    """F of frames at one half (onset, beat, attack, sounding), shares of frames that are right (f0, chord, key)."""
    counts = goal.inside * goal.notes_known[:, None]
    if "beat" in found:
        beats, told = torch.softmax(found["beat"], 2), goal.inside * goal.beats_known[:, None]
        return {
            "onset": _f(torch.sigmoid(found["onset"][..., 0]), goal.onset[..., 0], counts),
            "kick": _f(torch.sigmoid(found["onset"][..., 1]), goal.onset[..., 1], counts),
            "beat": _f(beats[..., :2].sum(2), goal.beat[..., :2].sum(2), told),
            "downbeat": _f(beats[..., 1], goal.beat[..., 1], told),
        }
    sung = goal.inside * goal.f0_known * goal.voiced
    near = (found["f0"].argmax(2) - goal.f0.argmax(2)).abs() <= 1
    return {
        "attack": _f(torch.sigmoid(found["attack"]), goal.attack, counts[..., None]),
        "sounding": _f(torch.sigmoid(found["sounding"]), goal.sounding, counts[..., None]),
        "f0": float(_mean(near.float(), sung)),
        "chord": float(_mean((found["chord"].argmax(2) == goal.chord).float(), goal.inside * (goal.chord >= 0))),
        "key": float(_mean((found["key"].argmax(2) == goal.key).float(), goal.inside * (goal.key >= 0))),
    }


def _f(found: Tensor, goal: Tensor, counts: Tensor) -> float:
    said, true = (found > 0.5) * counts, (goal > 0.5) * counts
    return float(2 * (said * true).sum() / (said.sum() + true.sum()).clamp(1))
