"""Fits the session network: sampled softmax over sessions, newer ones weighing more, stopped early on dev.

The next item is told from those that were played as often and have not been played in the session yet (sampled softmax with
logQ correction, Bengio and Senecal 2008; negatives by the square root of their plays, shared by a batch, as in GRU4Rec,
Hidasi and Karatzoglou 2018). Where a catalogue is small all of it is told apart. Labels are smoothed (Szegedy et al. 2016).
"""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daemon.recommend.deep.features import numbers, words
from daemon.train.recommender.network import Network
from daemon.train.recommender.sets import Sets, Sitting

WHOLE = 3000  # a catalogue up to here is told apart whole
LENGTH = 30  # plays of a session learnt in one go
WEAK = -1e4  # the logit of what cannot come


class Plan(NamedTuple):
    """How it is fitted."""

    epochs: int = 12
    steps: tuple[int, int] = (1000, 8000)  # at least, and at most, however many sessions there are
    batch: int = 96  # sessions; fewer where there are few
    rate: float = 2e-3
    own_rate: float = 2e-2
    word_rate: float = 2e-2  # a word is met seldom
    decay: float = 1e-4
    negatives: int = 1500
    forget_own: float = 0.5  # the share of items whose own vector is left out, so that content carries them
    smooth: float = 0.1  # of the labels, where the catalogue is told apart whole
    newer: tuple[float, ...] = (3.0, 12.0)  # a session's weight halves that often over the whole time; dev chooses
    long: int = 20000  # stretches from which on only the first is tried
    patience: float = 0.3  # of the epochs without a better dev


class Stretch(NamedTuple):
    """A part of a session."""

    rows: np.ndarray
    at: float
    first: int  # its first play's place in the session


class Lesson(NamedTuple):
    """What a batch needs of a data set."""

    numbers: Tensor
    tokens: Tensor
    known: Tensor  # (n, 1): 1 where an item has been played in what is learnt
    has_content: Tensor  # (n, 1): 0 where nothing is known of an item but its plays
    odds: Tensor  # (n,): log of how likely it is drawn
    ladder: np.ndarray  # (n,): the same, summed up


def stretches(sittings: Sequence[Sitting]) -> list[Stretch]:
    """Sessions in parts of at most LENGTH + 1 plays; each but the last hands its last play on as the next one's first."""
    return [
        Stretch(sitting.rows[a : a + LENGTH + 1], sitting.at, a)
        for sitting in sittings
        for a in range(0, len(sitting.rows) - 1, LENGTH)
    ]


def fit(
    sets: Sets,
    learn: Sequence[str],
    judge: Callable[[Network], float] | None,
    plan: Plan,
    newer: float,
    seed: int,
    say: Callable[[str], None],
) -> tuple[Network, int]:
    """A network of the parts `learn`, and after how many epochs it was best by `judge` (higher is better).

    Without `judge` exactly the plan's epochs are made. The same seed gives the same network on one machine.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    some = stretches([sitting for part in learn for sitting in sets.parts[part]])
    lesson = _lesson(sets, learn, some, 0.5)
    network = Network(len(sets.catalogue))
    called = network.encoder.words.weight
    rest: list[torch.Tensor] = [
        weights for weights in network.parameters() if weights is not called and weights is not network.own.weight
    ]
    dense: list[torch.Tensor] = [*rest, called]
    optimizer = torch.optim.AdamW([{"params": rest}, {"params": [called]}], weight_decay=plan.decay)
    sparse = torch.optim.SparseAdam([network.own.weight], lr=plan.own_rate)
    batch_size = int(np.clip(len(some) // 120, 4, plan.batch))
    batches = math.ceil(len(some) / batch_size)
    epochs = (
        plan.epochs
        if judge is None
        else int(np.clip(plan.epochs, plan.steps[0] / batches, max(plan.steps[1] / batches, 1)))
    )
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [plan.rate, plan.word_rate], total_steps=steps + 1, pct_start=0.1
    )
    starts = np.array([stretch.at for stretch in some])
    weights = 0.5 ** (newer * (starts.max() - starts) / max(float(np.ptp(starts)), 1.0))
    best, best_epoch, kept, began, step = -1.0, 0, None, time.monotonic(), 0
    for epoch in range(1, epochs + 1):
        network.train()
        total = 0.0
        for batch in _batches(some, batch_size, random):
            loss = _loss(network, lesson, [some[i] for i in batch], weights[batch], plan, random)
            optimizer.zero_grad()
            sparse.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(dense, 1.0)
            optimizer.step()
            sparse.step()
            schedule.step()
            step += 1
            for group in sparse.param_groups:
                group["lr"] = plan.own_rate * max(0.02, 1 - step / steps)
            total += float(loss.detach()) * len(batch)
        network.eval()
        score = judge(network) if judge else 0.0
        seconds = time.monotonic() - began
        told = f", dev MRR@20 {score:.4f}" if judge else ""
        say(f"epoch {epoch} of {epochs}: loss {total / len(some):.3f}{told}; {seconds:.0f} s")
        if judge is None or score > best:
            best, best_epoch, kept = score, epoch, copy.deepcopy(network.state_dict()) if judge else None
        elif epoch - best_epoch > plan.patience * epochs:
            break
    if kept is not None:
        network.load_state_dict(kept)
    with torch.no_grad():
        network.own.weight *= lesson.known
    network.eval()
    return network, best_epoch


def vectors(network: Network, sets: Sets) -> Tensor:
    """(n, size + 1): all items, as the network sees them."""
    sound, called = torch.from_numpy(numbers(sets.catalogue)), torch.from_numpy(words(sets.catalogue))
    with torch.no_grad():
        parts = [
            network.encoder(sound[a : a + 8192], called[a : a + 8192], network.own.weight[a : a + 8192])
            for a in range(0, len(sound), 8192)
        ]
    return torch.cat(parts)


def _lesson(sets: Sets, learn: Sequence[str], some: list[Stretch], power: float) -> Lesson:
    plays = np.zeros(len(sets.catalogue))
    for stretch in some:
        np.add.at(plays, stretch.rows, 1)
    drawn = plays**power
    drawn /= drawn.sum()
    sound, called = numbers(sets.catalogue), words(sets.catalogue)
    has_content = (np.abs(sound).sum(1) + called.sum(1) > 0).astype(np.float32)
    return Lesson(
        torch.from_numpy(sound),
        torch.from_numpy(called),
        torch.from_numpy(sets.seen(*learn).astype(np.float32))[:, None],
        torch.from_numpy(has_content)[:, None],
        torch.from_numpy(np.log(drawn + 1e-12)).float(),
        np.cumsum(drawn),
    )


def _batches(some: list[Stretch], size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Stretches of about one length together, so that little is padded."""
    order = random.permutation(len(some))
    lengths = np.array([len(some[i].rows) for i in order])
    batches = []
    for a in range(0, len(order), size * 50):
        near = order[a : a + size * 50][np.argsort(lengths[a : a + size * 50], kind="stable")]
        batches += [near[b : b + size] for b in range(0, len(near), size)]
    for i in random.permutation(len(batches)):
        yield batches[i]


def _loss(
    network: Network, lesson: Lesson, batch: list[Stretch], weights: np.ndarray, plan: Plan, random: np.random.Generator
) -> Tensor:
    longest = max(len(stretch.rows) for stretch in batch)
    played = np.full((len(batch), longest), -1, np.int64)
    for i, stretch in enumerate(batch):
        played[i, : len(stretch.rows)] = stretch.rows
    rows = torch.from_numpy(played)
    n = len(lesson.odds)
    if n <= WHOLE:
        among = torch.arange(n)
    else:
        drawn = np.searchsorted(lesson.ladder, random.random(plan.negatives)).clip(0, n - 1)
        among = torch.unique(torch.cat([rows[rows >= 0], torch.from_numpy(drawn)]))
    place = torch.searchsorted(among, rows.clamp(min=0))
    keep = (torch.rand(len(among), 1) >= plan.forget_own * lesson.has_content[among]).float()
    own = network.own(among) * lesson.known[among] * keep
    items = network.encoder(lesson.numbers[among], lesson.tokens[among], own)
    before, after = place[:, :-1], place[:, 1:]
    first = torch.tensor([stretch.first for stretch in batch])
    positions = first[:, None] + torch.arange(longest - 1)[None]
    queries, _ = network.step(items[before], positions, torch.zeros(1, len(batch), network.hidden))
    session, moment = torch.nonzero(rows[:, 1:] >= 0, as_tuple=True)
    target = after[session, moment]
    logits = queries[session, moment] @ items.T
    if n > WHOLE:
        logits = logits - lesson.odds[among]
    earlier = torch.arange(longest - 1)[None] <= moment[:, None]
    told, when = torch.nonzero(earlier, as_tuple=True)
    gone = torch.zeros(logits.shape, dtype=torch.bool)
    gone[told, before[session[told], when]] = True
    new = ~gone[torch.arange(len(target)), target]
    gone[torch.arange(len(target)), target] = False
    told_apart = functional.log_softmax(logits.masked_fill(gone, WEAK), 1)
    each = -told_apart[torch.arange(len(target)), target]
    if n <= WHOLE:
        flat = -told_apart.masked_fill(gone, 0.0).sum(1) / (~gone).sum(1)
        each = (1 - plan.smooth) * each + plan.smooth * flat
    weight = torch.from_numpy(weights).float()[session] * new
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)
