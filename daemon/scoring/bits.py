"""Bits per note: how much a program is surprised by music it has not seen. Fewer are better.

A note is its time since the last onset, its pitch and its duration, as `daemon.generate.deep.alphabet` writes them; every
program foretells each of the three in turn, knowing those before. Bits are -log2 of the probability of what came.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from daemon.scoring import idyom
from daemon.scoring.viewpoints import TARGETS, line
from daemon.train.generator.corpus import Piece, melody

ALL = "all"
BASELINE = idyom.PROGRAMS[-1]

Judge = Callable[[Piece], np.ndarray]
"""Bits of each symbol of a piece's melody: float (n, 3)."""


class Row(NamedTuple):
    """A program on a set: means over its notes."""

    set: str
    program: str
    notes: int
    time: float
    pitch: float
    duration: float
    total: float
    ratio: float  # to the PPM models' total, both terms together


def table(
    train: Sequence[Piece],
    test: Sequence[Piece],
    judges: Mapping[str, Judge],
    said: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Every program on every set of `test`, and on all sets together. [any]"""
    train, test = ([piece for piece in pieces if len(melody(piece))] for pieces in (train, test))
    if not test:
        return []
    known, unseen = [line(piece) for piece in train], [line(piece) for piece in test]
    found = {program: [np.empty((len(m.pitch), 3)) for m in unseen] for program in idyom.PROGRAMS}
    for k, target in enumerate(TARGETS):
        said(f"{target}: {len(known)} pieces learnt, {len(unseen)} foretold")
        for n, each in enumerate(idyom.bits(target, known, unseen)):
            for program, values in each.items():
                found[program][n][:, k] = values
    for program, judge in judges.items():
        found[program] = []
        for n, piece in enumerate(test, 1):
            found[program].append(judge(piece))
            if n % 100 == 0:
                said(f"{program}: {n} of {len(test)} pieces")
    sets = [*dict.fromkeys(piece.set for piece in test), ALL]
    return [row for name in sets for row in _rows(name, test, found)]


def _rows(name: str, test: Sequence[Piece], found: Mapping[str, Sequence[np.ndarray]]) -> list[Row]:
    rows: list[Row] = []
    for program, pieces in found.items():
        values = np.concatenate([one for piece, one in zip(test, pieces, strict=True) if name in (piece.set, ALL)])
        time, pitch, duration = values.mean(axis=0).tolist()
        rows.append(Row(name, program, len(values), time, pitch, duration, time + pitch + duration, 0.0))
    baseline = next(row.total for row in rows if row.program == BASELINE)
    return [row._replace(ratio=row.total / baseline) for row in rows]


def text(rows: Sequence[Row]) -> str:
    """As lines of a table."""
    lines = [f"{'set':14}{'program':16}{'notes':>8}{'time':>8}{'pitch':>8}{'duration':>10}{'bits':>8}{'to PPM':>9}"]
    lines += [
        f"{r.set:14}{r.program:16}{r.notes:8}{r.time:8.3f}{r.pitch:8.3f}{r.duration:10.3f}{r.total:8.3f}{r.ratio:9.3f}"
        for r in rows
    ]
    return "\n".join(lines)
