"""Fits the blend's ranking to the moments of dev: what was played next is to stand first among the candidates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from daemon.recommend.blend.ranking import views
from daemon.train.recommender.moments import Moment

HIDDEN = 24
EPOCHS = 30
BATCH = 64
ALONE, WITHOUT = 0.1, 0.15  # how often one family is on, or off
RATE, DECAY = 5e-3, 1e-3


class _Ranking(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, HIDDEN)
        self.out = nn.Linear(HIDDEN + width, 1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return self.out(torch.cat([torch.tanh(self.hidden(seen)), seen], -1))[..., 0]


def _some(names: Sequence[str], random: np.random.Generator) -> np.ndarray:
    """float32 (3 f,): mostly all; else one family alone, or one left out, as a DJ may switch them."""
    of = np.array([name.partition(".")[0] for name in names])
    families = np.unique(of)
    chance, which = random.random(), random.choice(families)
    on = of == which if chance < ALONE else of != which if chance < ALONE + WITHOUT else np.ones(len(of), bool)
    return np.tile(on, 3).astype(np.float32)


def fit(groups: Sequence[Sequence[Moment]], names: Sequence[str], path: Path, seed: int) -> None:
    """Write the weights for the fields `names`. Each group (a data set) counts as much as any other."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    usable = [[m for m in group if m.target in m.rows] for group in groups]
    moments = [m for group in usable for m in group]
    weights = np.concatenate([np.full(len(group), 1 / len(group)) for group in usable if group])
    weights = weights / weights.mean()
    width = 3 * len(names)
    scale = np.ones(width, np.float32)
    network = _Ranking(width)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(moments) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
    seen = [views(m.fields) for m in moments]
    for _ in range(EPOCHS):
        order = random.permutation(len(moments))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            longest = max(len(moments[i].rows) for i in batch)
            table = np.zeros((len(batch), longest, width), np.float32)
            absent = np.ones((len(batch), longest), bool)
            target = np.zeros(len(batch), np.int64)
            for j, i in enumerate(batch):
                m = len(moments[i].rows)
                table[j, :m], absent[j, :m] = seen[i] * _some(names, random), False
                target[j] = int(np.searchsorted(moments[i].rows, moments[i].target))
            logits = network(torch.from_numpy(table)).masked_fill(torch.from_numpy(absent), -1e4)
            each = functional.cross_entropy(logits, torch.from_numpy(target), reduction="none")
            loss = (each * torch.from_numpy(weights[batch]).float()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    state = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        scale=scale,
        w1=state["hidden.weight"].T.copy(),
        b1=state["hidden.bias"],
        w2=state["out.weight"][0],
        fields=np.array(names),
    )
