"""Trains the phrase network on the corpus."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from daemon.generate.deep import alphabet, known
from daemon.generate.deep.alphabet import PITCHES, STYLES
from daemon.models import writing
from daemon.models.contract import TASKS
from daemon.train.generator import corpus
from daemon.train.generator.examples import Example, example, meters_of
from daemon.train.generator.network import Phrase

LONGEST = 256  # notes the network is shown at once
TOKENS = 4096  # notes in a step
SEVERAL = ("pop909", "jsb")  # collections that are also learned with all their parts
SEVERAL_SHARE = 0.15  # of the steps
_PITCH, _MODE, _STYLE, _PITCH_OF_DURATION = 1, 8, 9, 3  # places in TOKEN and DURATION


class Batch(NamedTuple):
    """Tensors of shape (pieces, notes, ...)."""

    token: torch.Tensor
    pitch: torch.Tensor
    duration: torch.Tensor
    candidates: torch.Tensor
    target: torch.Tensor  # -1 where there is nothing to foretell
    at: torch.Tensor


def batch(chosen: list[Example], rng: np.random.Generator | None) -> Batch:
    """Examples side by side; with a generator, changed at random: a stretch of a long one, octave, key unknown."""
    longest = min(LONGEST, max(len(one.onset) for one in chosen)) if rng else max(len(one.onset) for one in chosen)
    shape = (len(chosen), longest)
    token = np.zeros((*shape, len(chosen[0].token[0])), np.int64)
    pitch = np.zeros((*shape, len(chosen[0].pitch[0])), np.int64)
    duration = np.zeros((*shape, len(chosen[0].duration[0])), np.int64)
    candidates = np.full((*shape, 3, chosen[0].candidates.shape[2]), PITCHES, np.int64)
    target = np.full((*shape, 5), -1, np.int64)
    at = np.zeros((*shape, 2), np.float32)
    for row, one in enumerate(chosen):
        n, first, shift = len(one.onset), 0, one.shift
        if rng and n > longest:
            first, n = int(rng.integers(0, n - longest + 1)), longest
        part = slice(first, first + n)
        token[row, :n], pitch[row, :n] = one.token[part], one.pitch[part]
        duration[row, :n], candidates[row, :n] = one.duration[part], one.candidates[part]
        target[row, :n] = one.target[part]
        at[row, :n, 0], at[row, :n, 1] = np.arange(first, first + n), one.onset[part]
        if rng:
            if rng.random() < 0.15:
                token[row, :n, _STYLE] = len(STYLES) - 1
            if rng.random() < 0.1:
                token[row, :n, _MODE], shift = 2, int(rng.integers(-6, 6))
            shift += 12 * int(rng.choice([0, 0, 0, 1, -1]))
        moved = shift - one.shift
        written = token[row, :n, _PITCH]  # counted from the tonic already
        token[row, :n, _PITCH] = np.where(written < PITCHES, np.clip(written - moved, 0, PITCHES - 1), PITCHES)
        duration[row, :n, _PITCH_OF_DURATION] = np.clip(duration[row, :n, _PITCH_OF_DURATION] - moved, 0, PITCHES - 1)
        midi = candidates[row, :n, 1]
        candidates[row, :n, 1] = np.where(midi < PITCHES, np.clip(midi - shift, 0, PITCHES - 1), PITCHES)
        target[row, :n, 1] = np.clip(target[row, :n, 1] - shift, 0, PITCHES - 1)
        target[row, :n, 4] = np.where(target[row, :n, 4] == 0, -1, target[row, :n, 4])
    return Batch(*(torch.from_numpy(one) for one in (token, pitch, duration, candidates, target, at)))


def losses(network: Phrase, b: Batch) -> torch.Tensor:
    """Nats of each choice, (5, pieces, notes): time, pitch, duration, part, velocity; 0 where nothing is foretold."""
    word = network.trunk(b.token, b.at)
    there = b.target[..., 0] >= 0
    word, token, known, after = word[there], b.token[there], b.pitch[there], b.duration[there]
    candidates, target = b.candidates[there], b.target[there]
    times = network.times(word, candidates[:, 0])
    parts = network.parts(word, target[:, 0])
    pitches = network.pitches(word, known, candidates[:, 1], token[:, _PITCH])
    durations, velocities = network.durations(word, after, candidates[:, 2])
    nats = torch.stack(
        [
            cross_entropy(logits.float(), target[:, k], ignore_index=-1, reduction="none")
            for k, logits in enumerate((times, pitches, durations, parts, velocities))
        ]
    )
    out = torch.zeros(5, *there.shape)
    out[:, there] = nats
    return out


def batches(examples: list[Example], rng: np.random.Generator) -> Iterator[list[Example]]:
    """For ever, all of them in an order drawn anew each time round, like lengths together."""
    while True:
        keys = np.array([min(len(one.onset), LONGEST) for one in examples]) * rng.uniform(0.9, 1.1, len(examples))
        groups: list[list[int]] = [[]]
        for index in np.argsort(keys):
            longest = min(LONGEST, len(examples[index].onset))
            if groups[-1] and longest * (len(groups[-1]) + 1) > TOKENS:
                groups.append([])
            groups[-1].append(int(index))
        for group in rng.permutation(len(groups)):
            yield [examples[index] for index in groups[group]]


def bits(network: Phrase, examples: list[Example]) -> np.ndarray:
    """Mean bits per note of time, pitch, duration, part and velocity: (5,)."""
    network.eval()
    total, notes = np.zeros(5), 0
    order = sorted(examples, key=lambda one: len(one.onset))
    with torch.no_grad():
        for k in range(0, len(order), 8):
            total += losses(network, batch(order[k : k + 8], None)).sum((1, 2)).double().numpy()
            notes += sum(len(one.onset) for one in order[k : k + 8])
    network.train()
    return total / notes / math.log(2)


def train(
    parts: dict[str, list[corpus.Piece]],
    out: Path,
    seed: int,
    steps: int,
    said: Callable[[str], None],
) -> Phrase:
    """Fit a network in so many steps; what does best on dev is written to `out` (a checkpoint), again as it improves."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Phrase()
    said(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters")
    single = [example(piece) for piece in parts["train"] if len(corpus.melody(piece)) >= 8]
    several = [example(piece, whole=True) for piece in parts["train"] if piece.set in SEVERAL]
    dev = {
        name: [example(piece) for piece in parts["dev"] if piece.set == name and len(corpus.melody(piece)) >= 8]
        for name in STYLES[:-1]
    }
    dev = {name: found for name, found in dev.items() if found}
    said(f"{len(single)} melodies of {sum(len(one.onset) for one in single)} notes; {len(several)} whole pieces")
    matrices = [p for name, p in network.named_parameters() if p.ndim == 2 and "table" not in name]
    others = [p for name, p in network.named_parameters() if p.ndim != 2 or "table" in name]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=2e-3, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=2e-3, weight_decay=0.02, betas=(0.9, 0.98)),
    ]
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda n: _rate(n, steps)) for one in optimizers]
    one_part, all_parts = batches(single, rng), batches(several, rng) if several else None
    best, began, seen = math.inf, time.process_time(), 0
    for step in range(1, steps + 1):
        chosen = next(all_parts if all_parts and rng.random() < SEVERAL_SHARE else one_part)
        made = batch(chosen, rng)
        nats = losses(network, made)
        count = int((made.target[..., 0] >= 0).sum())
        seen += count
        loss = nats.sum() / count
        for one in optimizers:
            one.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for one, schedule in zip(optimizers, schedules, strict=True):
            one.step()
            schedule.step()
        if step % 50 == 0:
            speed = seen / (time.process_time() - began)
            said(f"step {step} of {steps}: {float(loss.detach()) / math.log(2):.3f} bits; {speed:.0f} notes/s")
        if step % max(1, steps // 25) == 0 or step == steps:
            found = {name: bits(network, examples) for name, examples in dev.items()}
            counts = {name: sum(len(one.onset) for one in examples) for name, examples in dev.items()}
            mean = sum(found[name][:3].sum() * counts[name] for name in dev) / sum(counts.values())
            said(
                f"step {step}, {(time.process_time() - began) / 60:.1f} CPU min: dev {mean:.3f} bits a note: "
                + ", ".join(f"{name} {one[:3].sum():.2f}" for name, one in found.items())
            )
            if mean < best:
                best = mean
                torch.save(
                    {"size": network.size, "state": network.state_dict(), "step": step, "dev": mean, "seed": seed}, out
                )
    return network


def _rate(step: int, steps: int) -> float:
    """Warm up over 2 %, then a cosine to nothing."""
    warm = max(1, steps // 50)
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def run(data: Path, out: Path, seed: int, steps: int, said: Callable[[str], None]) -> None:
    """Read the corpus, train, and write the graphs into `out`. Raises CorpusError."""
    from daemon.train.generator.export import export

    torch.set_num_threads(1)
    parts = corpus.split(corpus.pieces(data, said))
    said(", ".join(f"{len(found)} pieces to {part}" for part, found in parts.items()))
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "phrase.pt"
    train(parts, checkpoint, seed, steps, said)
    export(checkpoint, out)
    write_known(parts["train"], out / "known.bin")
    graphs = {name: f"{name}.int8.onnx" for name in TASKS["phrase"]}
    others = [*(f"{name}.onnx" for name in TASKS["phrase"]), "known.bin"]
    about = "Which note comes next: a causal Transformer, trained anew."
    made_by = f"jamd train generator {data.name} --seed {seed} --steps {steps}"
    facts = {"name": "phrase-anew", "about": about, "licence": "that of its data", "made_by": made_by}
    writing.refresh(out, writing.made("phrase", out, graphs, others, **facts))


def write_known(found: list[corpus.Piece], path: Path) -> None:
    """What of the pieces' melodies must not be played note for note."""
    lines = [corpus.melody(piece) for piece in found]
    table = known.table_of(
        alphabet.steps(line, int(meters_of(piece, line)[0, 1])) for piece, line in zip(found, lines, strict=True)
    )
    table.tofile(path)
