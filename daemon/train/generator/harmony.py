"""`jamd train harmony`: fits the network of `daemon.generate.deep.harmony` to pieces with chords.

It is taught free-running: in most pieces the past chords it is told are those it committed to itself, one beat ahead
and with the decoder's own hysteresis; in the others some or all are the true ones, as where a player states chords.
Truncated back-propagation through time over pieces laid end to end in lanes (Williams and Peng, 1990), Adam.
"""

import copy
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from daemon.generate.deep.harmony import AHEAD, CHORDS, TO_TRIAD, WIDTH, index, row
from daemon.models import writing
from daemon.train.generator import corpus, harmony_network, hmm
from daemon.train.generator.harmony_network import Network
from daemon.train.generator.sheets import SETS, Sheet, sheets

LANES, STEPS = 48, 48
RATE, DECAY = 2e-3, 1e-2
TERMS = (0.5, 1.0, 0.5, 0.3, 0.3)  # weight of the chord at each beat ahead
MELODY, BASS = 0.3, 0.1  # of the next beat's melody, and its bass
STATED = (0.15, 0.3)  # of the pieces: all chords are stated; from here to there, some stretches
HOLD = 0.06  # how much likelier another chord must be than the one that sounds, while it learns
JUDGED = 40  # after so many stretches it is judged


class Lines(NamedTuple):
    """Pieces laid end to end, n beats in all."""

    rows: np.ndarray  # float16 (n, ROW)
    chords: np.ndarray  # int64 (n,)
    bass: np.ndarray  # int64 (n,): from the tonic
    melody: np.ndarray  # float32 (n, 12): what sounds, sums to 1 or 0
    weights: np.ndarray  # float32 (n,): of the piece's collection
    bounds: np.ndarray  # int64 (pieces + 1,)


def lines(some: list[Sheet]) -> Lines:
    """What is learnt from sheets; the weight evens out the collections' sizes by half."""
    sizes = {name: sum(len(s.chords) for s in some if s.set == name) for name in SETS}
    mean = np.mean([size for size in sizes.values() if size])
    rows, chords, bass, melody, weights, bounds = [], [], [], [], [], [0]
    for one in some:
        n = len(one.chords)
        rows.append(np.array([row(one.line, k) for k in range(n)], np.float16))
        chords += [index(c.root, c.quality) for c in one.chords]
        bass += [c.bass if c.bass >= 0 else c.root for c in one.chords]
        sounding = np.array([one.line.relative("sounding", k) for k in range(n)])
        melody.append(sounding / np.maximum(sounding.sum(1, keepdims=True), 1e-6))
        weights.append(np.full(n, np.sqrt(mean / sizes[one.set]), np.float32))
        bounds.append(bounds[-1] + n)
    return Lines(
        np.concatenate(rows),
        np.array(chords),
        np.array(bass),
        np.concatenate(melody).astype(np.float32),
        np.concatenate(weights),
        np.array(bounds),
    )


def lanes(of: Lines, number: int, random: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
    """Pieces in lanes of about one length: beats int64 (time, number), -1 for none; first: bool, a piece begins."""
    order = np.arange(len(of.bounds) - 1) if random is None else random.permutation(len(of.bounds) - 1)
    filled: list[list[np.ndarray]] = [[] for _ in range(number)]
    length = np.zeros(number, np.int64)
    for piece in order:
        lane = int(np.argmin(length))
        filled[lane].append(np.arange(of.bounds[piece], of.bounds[piece + 1]))
        length[lane] += len(filled[lane][-1])
    beats = np.full((int(length.max()), number), -1)
    for lane, parts in enumerate(filled):
        if parts:
            beats[: length[lane], lane] = np.concatenate(parts)
    return beats, np.isin(beats, of.bounds[:-1])


def stated(of: Lines, random: np.random.Generator) -> np.ndarray:
    """Which beats' chords the player states, this epoch: bool (n,)."""
    found = np.zeros(len(of.chords), bool)
    for first, end in zip(of.bounds[:-1], of.bounds[1:], strict=True):
        draw = random.random()
        if draw < STATED[0]:
            found[first:end] = True
        elif draw < STATED[1]:
            turns = random.random(end - first) < 1 / 16
            found[first:end] = np.cumsum(turns) % 2 == 1
    return found & (of.chords > 0)


class Free:
    """Runs the network over lanes, telling it its own commitments unless a chord is stated."""

    def __init__(self, network: Network, of: Lines, number: int) -> None:
        self._network, self._of = network, of
        self.state = torch.zeros(number, WIDTH)
        self._own = torch.zeros(number, dtype=torch.int64)
        self._triad = torch.from_numpy(TO_TRIAD)

    def run(self, beats: np.ndarray, first: np.ndarray, said: np.ndarray | None) -> Tensor:
        """Outputs (time, number, OUT) for a stretch of lanes."""
        self.state = self.state.detach()
        inner = self._network.row(torch.from_numpy(self._of.rows[beats].astype(np.float32)))
        true = torch.from_numpy(self._of.chords[beats])
        known = torch.zeros(beats.shape, dtype=torch.bool) if said is None else torch.from_numpy(said[beats])
        keep = torch.from_numpy(~first)
        found = []
        for t in range(len(beats)):
            self.state = self.state * keep[t, :, None]
            self._own = self._own * keep[t]
            past = torch.where(known[t], true[t] + CHORDS, self._own)
            out, self.state = self._network(inner[t], past, self.state)
            found.append(out)
            with torch.no_grad():
                self._own = self._commit(out, torch.where(known[t], true[t], self._own))
        return torch.stack(found)

    def _commit(self, out: Tensor, past: Tensor) -> Tensor:
        """The decoder's choice for the next beat, without its look at the melody."""
        chances = torch.softmax(out[:, CHORDS : 2 * CHORDS], 1)
        triads = chances @ self._triad + HOLD * self._triad[past]
        allowed = self._triad[:, triads.argmax(1)].T
        return (chances * allowed).argmax(1)


def loss(out: Tensor, of: Lines, beats: np.ndarray) -> Tensor:
    """Cross-entropies of a stretch, weighted; beats beyond the piece's end, or without a chord, do not count."""
    total = torch.zeros(())
    flat = beats.ravel()
    piece = np.searchsorted(of.bounds, flat, side="right")
    out = out.reshape(len(flat), -1)
    parts = out.split([CHORDS] * AHEAD + [12, 12], 1)
    for ahead, term in enumerate(TERMS):
        then = np.minimum(flat + ahead, len(of.chords) - 1)
        counts = (flat >= 0) & (flat + ahead < of.bounds[np.minimum(piece, len(of.bounds) - 1)]) & (of.chords[then] > 0)
        weight = torch.from_numpy(of.weights[then] * counts)
        each = functional.cross_entropy(parts[ahead], torch.from_numpy(of.chords[then]), reduction="none")
        total = total + term * (each * weight).sum() / max(1, len(flat))
        if ahead == 1:
            bass = functional.cross_entropy(parts[AHEAD], torch.from_numpy(of.bass[then]), reduction="none")
            sung = -(torch.from_numpy(of.melody[then]) * functional.log_softmax(parts[AHEAD + 1], 1)).sum(1)
            total = total + ((BASS * bass + MELODY * sung) * weight).sum() / max(1, len(flat))
    return total


@torch.no_grad()
def judge(network: Network, of: Lines) -> tuple[float, float, float]:
    """Free-running over pieces one beat ahead: chord NLL, share of triads right, weighted; and changes a beat."""
    network.eval()
    number = len(of.bounds) - 1
    beats, first = lanes(of, number, None)
    free = Free(network, of, number)
    out = free.run(beats, first, None)[:-1, :, CHORDS : 2 * CHORDS]
    true, inside = of.chords[beats[1:]], (beats[1:] >= 0) & ~first[1:]
    inside &= true > 0
    chances = torch.softmax(out, 2)
    triads = (chances @ torch.from_numpy(TO_TRIAD)).argmax(2).numpy()
    right = triads == TO_TRIAD[true].argmax(2)
    weight = of.weights[beats[1:]] * inside
    said = -torch.log(chances.gather(2, torch.from_numpy(true)[..., None])[..., 0] + 1e-9).numpy()
    changes = ((triads[1:] != triads[:-1]) & inside[1:]).sum() / inside.sum()
    network.train()
    return float((said * weight).sum() / weight.sum()), float((right * weight).sum() / weight.sum()), float(changes)


def stretches(of: Lines, random: np.random.Generator) -> Iterator[tuple[float, np.ndarray, np.ndarray, np.ndarray]]:
    """Epoch after epoch, without end: (epochs gone, beats, first, stated) of STEPS beats of every lane."""
    for epoch in itertools.count():
        beats, first = lanes(of, LANES, random)
        said = stated(of, random)
        for at in range(0, len(beats), STEPS):
            yield epoch + at / len(beats), beats[at : at + STEPS], first[at : at + STEPS], said


def fit(train: Lines, dev: Lines, epochs: float, seed: int, say: Callable[[str], None]) -> Network:
    """Fit for so many epochs, at a rate that falls with a cosine; the network that `dev` liked best."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY, betas=(0.9, 0.98))
    best, kept, costs = np.inf, copy.deepcopy(network.state_dict()), []
    began = time.process_time()
    for n, (epoch, beats, first, said) in enumerate(stretches(train, np.random.default_rng(seed)), 1):
        if epoch % 1 == 0:
            free = Free(network, train, LANES)
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, n / 50) * (0.02 + 0.98 * np.cos(min(1, epoch / epochs) * np.pi / 2) ** 2)
        cost = loss(free.run(beats, first, said), train, beats)
        optimiser.zero_grad()
        cost.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        costs.append(float(cost.detach()))
        if n % JUDGED and epoch < epochs:
            continue
        nats, right, changes = judge(network, dev)
        spent = (time.process_time() - began) / 60
        say(
            f"epoch {epoch:.2f}, {spent:.1f} min: loss {np.mean(costs):.3f}; "
            f"dev {nats:.3f} nats, {right:.3f} right, {changes:.3f} changes a beat"
        )
        costs.clear()
        if nats < best:
            best, kept = nats, copy.deepcopy(network.state_dict())
        if epoch >= epochs:
            break
    network.load_state_dict(kept)
    return network.eval()


def run(data: Path, out: Path, seed: int, epochs: float, say: Callable[[str], None]) -> None:
    """Fit, and write harmony.onnx, harmony_int8.onnx and hmm.npz to the folder `out`. Raises UserError."""
    parts = corpus.split(corpus.pieces(data, say))
    sheets_of = {name: sheets(parts[name]) for name in ("train", "dev")}
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out / "hmm.npz", **hmm.count(sheets_of["train"])._asdict())
    train, dev = (lines(some) for some in sheets_of.values())
    say(f"{len(train.chords)} beats of {len(train.bounds) - 1} pieces; dev {len(dev.chords)} of {len(dev.bounds) - 1}")
    network = fit(train, dev, epochs, seed, say)
    harmony_network.write(network, out / "harmony.onnx")
    harmony_network.quantise(out / "harmony.onnx", out / "harmony_int8.onnx")
    about = "Which chords come next: a GRU, one step a beat, trained anew."
    made_by = f"jamd train harmony {data.name} --seed {seed} --epochs {epochs:g}"
    facts = {"name": "harmony-anew", "about": about, "licence": "that of its data", "made_by": made_by}
    writing.refresh(out, writing.made("harmony", out, {"harmony": "harmony_int8.onnx"}, ["harmony.onnx"], **facts))
    say(f"{out}: harmony.onnx, harmony_int8.onnx, card.toml (daemon/generate/deep/models/harmony)")
    say(f"{out}: hmm.npz (daemon/generate/rules)")
