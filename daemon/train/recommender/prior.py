"""`jamd train imagined`: the network that jamd comes with, for libraries without a history, learnt from imagined sets.

What DJs really played may be read and measured, but carries no licence to ship what is learnt from it; so the prior knows
only rules, by content: no word, and no item by itself. A library's own network takes its place once there is one.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.item import Item
from daemon.train.recommender import fit, imagined, policy, run
from daemon.train.recommender.export import export
from daemon.train.recommender.network import ItemEncoder, Network
from daemon.train.recommender.sets import DAY_S, Sets, Sitting

LIBRARIES = ("streaming", "scan", "both", "streaming", "scan", "tags") * 2
ITEMS, SETS = 700, 170  # of each
HELD_OUT = ("streaming", "scan")
HELD_OUT_SETS = 40
PLAN = fit.Plan(epochs=10, steps=(0, 100000), batch=64, negatives=1500, forget_own=1.0)


class Wordless(ItemEncoder):
    """An ItemEncoder that takes words and own vectors and heeds neither: its file is spared 3 MB of words."""

    def __init__(self, encoder: ItemEncoder) -> None:
        torch.nn.Module.__init__(self)
        self.sound, self.norm, self.liked = encoder.sound, encoder.norm, encoder.liked

    def forward(self, numbers: torch.Tensor, tokens: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """As ItemEncoder's."""
        vector = self.norm(self.sound(numbers))
        nothing = 0.0 * (tokens.sum(1, keepdim=True) + own.sum(1, keepdim=True))  # or the graph would not have them
        return torch.cat([vector, self.liked(vector) + nothing], 1)


def sets(views: tuple[str, ...], items: int, count: int, random: np.random.Generator, part: str = "train") -> Sets:
    """A catalogue of a library of `items` for each of `views`, and `count` sets in each, in random order."""
    some: list[Item] = []
    sittings: list[Sitting] = []
    for index, view in enumerate(views):
        world = imagined.world(items, view, random, len(some) + 1)
        for _ in range(count):
            rows = policy.play(world, policy.policy(random), random) + len(some)
            sittings.append(Sitting(f"imagined {index}", "", DAY_S * len(sittings), rows))
        some += world.items
    parts: dict[str, list[Sitting]] = {"train": [], "dev": [], "test": []}
    parts[part] = sittings
    return Sets("imagined", Catalogue(some), parts)


def held_out(seed: int, items: int = ITEMS, count: int = HELD_OUT_SETS) -> list[Sets]:
    """Libraries, and sets in them, that no training with `seed` has seen."""
    random = np.random.default_rng((seed, 1))
    return [sets((view,), items, count, random, "dev") for view in HELD_OUT]


def command(
    out: Path, seed: int, say: Callable[[str], None], plan: fit.Plan = PLAN, items: int = ITEMS, count: int = SETS
) -> None:
    """Fit it and write `items.onnx` and `step.onnx` to `out`."""
    torch.set_num_threads(1)
    learnt = sets(LIBRARIES, items, count, np.random.default_rng((seed, 0)))
    unseen = held_out(seed, items, min(count, HELD_OUT_SETS))
    say(f"{len(LIBRARIES)} libraries of {items} items, {len(learnt.parts['train'])} sets")

    def judge(network: Network) -> float:
        found = []
        for one in unseen:
            there = Network(len(one.catalogue))
            there.encoder, there.step = network.encoder, network.step
            torch.nn.init.zeros_(there.own.weight)
            found.append(run.judge(there.eval(), one))
        return float(np.mean(found))

    network, epochs = fit.fit(learnt, ("train",), judge, plan, 0.0, seed, say)
    network.encoder = Wordless(network.encoder)
    export(network, None, (), out)
    say(f"{out}: the network of epoch {epochs}")
