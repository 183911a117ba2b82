"""Takes one of several by its weight: seeded, cooled or heated, the unlikely left out."""

import random
from collections.abc import Sequence

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context


def dice(context: Context, constraints: Constraints) -> random.Random:
    """The chance of one stretch: the same seed and place give the same. [any]"""
    return random.Random(f"{constraints.seed} at {context.tick}")


def choose(rng: random.Random, weights: Sequence[float], temperature: float = 1.0, top_p: float = 1.0) -> int:
    """The index taken: weights ** (1 / temperature), of which the largest that together make `top_p`. [any]

    Temperature 0 takes the largest. Nucleus sampling: A. Holtzman et al., ICLR 2020. Weights are 0 or more, not all 0.
    """
    most = max(weights)
    if temperature < 1e-3:
        return list(weights).index(most)
    powered = [(weight / most) ** (1.0 / temperature) for weight in weights]
    order = sorted(range(len(powered)), key=lambda i: -powered[i])
    left, kept = top_p * sum(powered), []
    for i in order:
        kept.append(i)
        left -= powered[i]
        if left <= 0:
            break
    return rng.choices(kept, [powered[i] for i in kept])[0]
