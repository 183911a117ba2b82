"""A program: the order in which chains and their plugins run, as the record the kernel reads."""

from typing import NamedTuple

import numpy as np

from daemon.rack import records as rec
from dsp.block import FIRST_NAMED_PORT, GENERATOR_PORT, JACK_PORT
from dsp.kernel import zeros


class Turn(NamedTuple):
    """One chain's turn, in addresses."""

    chain: int
    feeds: tuple[int, ...]
    steps: tuple[tuple[int, tuple[int, ...]], ...]  # plugin, and the feeds of its side-chain


class Shape(NamedTuple):
    """What a program says; equal shapes are the same program."""

    turns: tuple[Turn, ...]
    output: tuple[int, ...]  # the feeds that make the output


def build(shape: Shape) -> np.ndarray:
    """The PROGRAM record, shape (1,), of a shape that fits. [main]"""
    made = zeros(rec.PROGRAM)
    program = made[0]
    program["n_chains"], program["n_feeds"] = len(shape.turns), len(shape.output)
    program["feeds"][: len(shape.output)] = shape.output
    for part, turn in zip(program["chains"], shape.turns, strict=False):
        part["chain"], part["n_feeds"], part["n_steps"] = turn.chain, len(turn.feeds), len(turn.steps)
        part["feeds"][: len(turn.feeds)] = turn.feeds
        for step, (slot, sides) in zip(part["steps"], turn.steps, strict=False):
            step["slot"], step["n_sides"] = slot, len(sides)
            step["sides"][: len(sides)] = sides
    return made


def heard(names: list[str], ports: list[str]) -> int:
    """The MIDI inputs that a chain hears, bit k for port k, as an int64. `ports` are the daemon's, in their order."""
    own = {"jack": 1 << JACK_PORT, "generator": 1 << GENERATOR_PORT, "all": -1}
    mask = 0
    for name in names:
        if name in own:
            mask |= own[name]
        elif name in ports and ports.index(name) + FIRST_NAMED_PORT < 63:
            mask |= 1 << (ports.index(name) + FIRST_NAMED_PORT)
    return mask
