"""Fits both networks that hear to a rendered corpus: batch after batch mixed and spoilt anew, resumed where it stopped."""

import copy
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

RATE, DECAY, WARM, KEEP = 2e-3, 1e-2, 100, 0.996  # of learning; of weights; updates to its height; of the running mean
BATCH = 16  # excerpts
CHUNK = 800  # frames from one update to the next; the state goes on
ATTACK = 3  # times more than its absence a note's beginning counts: one of thousands of frames and keys has it
MOST_STRETCH = 0.025  # 43 cents: a note stays itself
JUDGED = 200  # batches
SMALL = Size(24, 128, 16, 32, 24, 32)
NETWORKS: dict[str, type[Rhythm] | type[Pitch]] = {"rhythm": Rhythm, "pitch": Pitch}
Say = Callable[[str], None]


class Learner:
    """A network, what fits it, and the running mean of its weights, which is what is kept in the end."""

    def __init__(self, name: str, size: Size, device: str, path: Path, one_window: bool = False) -> None:
        """Goes on from `path` where that is a file. `one_window`: the shortest is never seen."""
        self.size, self.device, self.path, self.updates, self.one_window = size, device, path, 0, one_window
        self.stream = torch.cuda.Stream() if device == "cuda" else None
        self.network = NETWORKS[name](size).to(device)
        if one_window:
            self.network.forget_shortest()
        self.mean = copy.deepcopy(self.network)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=DECAY, betas=(0.9, 0.98))
        if path.exists():
            saved = torch.load(path, map_location=device, weights_only=False)
            self.network.load_state_dict(saved["state"])
            self.mean.load_state_dict(saved["mean"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.updates = saved["updates"]

    def save(self, **more: Any) -> None:
        """All that going on takes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        late = self.path.with_suffix(".part")
        parts = {"state": self.network, "mean": self.mean, "optimiser": self.optimiser}
        saved = {name: part.state_dict() for name, part in parts.items()}
        torch.save({**saved, "updates": self.updates, "size": tuple(self.size), **more}, late)
        late.replace(self.path)

    def heard(
        self, network: nn.Module, bands: Tensor, tones: Tensor, state: list[Tensor]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Logits in float32, and the state after them."""
        frames = (bands,) if isinstance(network, Rhythm) else (bands, tones)
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device == "cuda"):
            found, state = network(*frames, state)
        return {name: one.float() for name, one in found.items()}, [one.detach().float() for one in state]

    def learn(self, bands: Tensor, tones: Tensor, goal: Targets, done: float) -> Tensor:
        """An update for each chunk of a batch, on a stream of its own: another network can learn meanwhile. [worker]"""
        if self.stream is None:
            return self._learn(bands, tones, goal, done)
        self.stream.wait_stream(torch.cuda.default_stream())
        with torch.cuda.stream(self.stream):
            return self._learn(bands, tones, goal, done)

    def _learn(self, bands: Tensor, tones: Tensor, goal: Targets, done: float) -> Tensor:
        """The state goes on from chunk to chunk; `done`: the part of all learning that is behind. Gives the mean cost."""
        state, costs = [one.to(self.device) for one in self.network.start(len(bands))], []
        for start in range(0, bands.shape[1], CHUNK):
            span = slice(start, start + CHUNK)
            self.updates += 1
            for group in self.optimiser.param_groups:
                group["lr"] = RATE * min(1, self.updates / WARM) * (0.01 + 0.99 * math.cos(done * math.pi / 2) ** 2)
            found, state = self.heard(self.network, bands[:, span], tones[:, span], state)
            cost = torch.stack(list(losses(found, cut(goal, span)).values())).sum()
            self.optimiser.zero_grad()
            cost.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            if self.one_window:
                self.network.forget_shortest()
            self._follow()
            costs.append(cost.detach())
        return torch.stack(costs).mean()

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(KEEP, (1 + self.updates) / (10 + self.updates))
        ours: list[Tensor] = list(self.mean.parameters())
        theirs: list[Tensor] = list(self.network.parameters())
        torch._foreach_lerp_(ours, theirs, 1 - keep)
        for one, other in zip(self.mean.buffers(), self.network.buffers(), strict=True):
            one.copy_(other)


class Fit:
    """Both networks, learning from the same batches of a corpus, and how far they have come."""

    def __init__(self, train: Path, valid: Path, out: Path, seed: int, steps: int, say: Say, without: str = "") -> None:
        """For `steps` batches in all; goes on from what lies in `out`. `without`: one of daemon.train.analysis.ABLATIONS."""
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.manual_seed(seed)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.features = Features(corpus.RATE).to(self.device)
        self.rng = torch.Generator(self.device).manual_seed(seed)
        self.steps, self.without, self.say, self.step = steps, without, say, 0
        size = SMALL if without == "size" else Size()
        self.learners = {
            name: Learner(name, size, self.device, out / kept(name, without), without == "window") for name in NETWORKS
        }
        self.train, self.valid = Bank(train, self.device), Bank(valid, self.device)
        last_path = self.learners["pitch"].path
        if last_path.exists():
            saved = torch.load(last_path, map_location="cpu", weights_only=False)
            self.step = saved["step"]
            self.rng.set_state(saved["rng"])
            say(f"{out}: going on from batch {self.step}")

    def batch(self, bank: Bank, which: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor, Targets]:
        """Bands, tones and targets of excerpts by number."""
        stems, present = bank.sound(which)
        sound, on, _ = augment.mix(stems, present, rng)
        ratio = 1 + MOST_STRETCH * (2 * torch.rand(len(which), generator=rng, device=self.device) - 1)
        sound = augment.stretch(sound, ratio)
        if self.without != "augmentation":
            sound = augment.spoil(sound, rng, corpus.RATE)
        bands, tones = self.features(sound)
        return bands, tones, targets(bank.labels(which), on, ratio, FRAMES)

    def run(self) -> None:
        """Fit until all steps are done; says how it goes, and saves at each look."""
        began, first, costs = time.monotonic(), self.step, []
        at_once = ThreadPoolExecutor(len(self.learners))
        while self.step < self.steps:
            which = torch.randint(len(self.train), (BATCH,), generator=self.rng, device=self.device).cpu()
            batch = self.batch(self.train, which, self.rng)
            done = self.step / self.steps
            both = list(at_once.map(lambda one: one.learn(*batch, done), self.learners.values()))  # noqa: B023
            if self.device == "cuda":
                torch.cuda.synchronize()
            costs.append(torch.stack(both))
            self.step += 1
            if self.step % JUDGED == 0 or self.step == self.steps:
                self.save()
                mean = " + ".join(f"{value:.3f}" for value in torch.stack(costs).mean(0).tolist())
                left = (time.monotonic() - began) / (self.step - first) * (self.steps - self.step)
                figures = ", ".join(f"{name} {value:.3f}" for name, value in self.judge().items())
                self.say(f"{self.step}/{self.steps}, {left / 60:.1f} min left: {mean}; {figures}")
                costs.clear()
        at_once.shutdown()

    def save(self) -> None:
        """Both; the last says how far they are."""
        for learner in self.learners.values():
            learner.save(step=self.step, rng=self.rng.get_state())

    @torch.no_grad()
    def judge(self) -> dict[str, float]:
        """Of the running means, on pieces kept out, spoilt always the same way: F of frames, accuracies, the whole loss."""
        rng = torch.Generator(self.device).manual_seed(0)
        total: dict[str, list[float]] = {}
        for which in torch.arange(len(self.valid)).split(BATCH):
            bands, tones, goal = self.batch(self.valid, which, rng)
            for name, learner in self.learners.items():
                learner.mean.eval()
                found, _ = learner.heard(
                    learner.mean, bands, tones, [one.to(self.device) for one in learner.mean.start(len(bands))]
                )
                figures = {f"{name} loss": float(sum(losses(found, goal).values()))} | scores(found, goal)
                for what, value in figures.items():
                    total.setdefault(what, []).append(value)
        return {what: sum(some) / len(some) for what, some in total.items()}


def kept(name: str, without: str = "") -> str:
    """The file of a network, or of what it is without one of ABLATIONS."""
    return f"{name}{without and f'-without-{without}'}.pt"


def cut(goal: Targets, span: slice) -> Targets:
    """The targets of a stretch of frames."""
    return Targets(*(one[:, span] if one.dim() > 1 else one for one in goal))


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
    struck = functional.binary_cross_entropy_with_logits(found["attack"], goal.attack, reduction="none")
    struck = (struck * (1 + ATTACK * goal.attack)).sum(2)
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
