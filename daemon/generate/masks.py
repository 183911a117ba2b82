"""Constraints as masks: what may come next, given what has come. Whoever picks only what is allowed breaks none."""

from collections.abc import Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.note import Note


def starts(context: Context, constraints: Constraints, so_far: Sequence[Note], ticks: int) -> np.ndarray:
    """Where the next note may start: bool, shape (ticks,), from context.tick on; not before the last of `so_far`."""
    raise NotImplementedError


def pitches(context: Context, constraints: Constraints, so_far: Sequence[Note], tick: int) -> np.ndarray:
    """Which pitches may start at `tick`: bool, shape (128,). All False: none, so no note starts there."""
    raise NotImplementedError


def longest(context: Context, constraints: Constraints, so_far: Sequence[Note], note: Note, ticks: int) -> int:
    """How long `note` may last at most, 1 or more: notes end by context.tick + ticks."""
    raise NotImplementedError


def broken(notes: Sequence[Note], context: Context, constraints: Constraints, ticks: int) -> list[str]:
    """What `notes`, made for a stretch, break: one line each, empty where all is well."""
    raise NotImplementedError
