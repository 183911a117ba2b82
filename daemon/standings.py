"""The tables that `jamd eval` prints of an analysis: scores by set and program, and what the programs are."""

from typing import Any

import numpy as np

from daemon.peers import PEERS

Row = dict[str, float]
Scores = dict[tuple[str, str], list[Row]]
"""(set, program) -> a row for each piece."""

WIDE = 14


def standings(analysis: str, split: str, scores: Scores, versions: dict[str, dict[str, str]]) -> str:
    """By set and program; each program's mean over the sets and over all files; its cost, licence and look ahead."""
    sets = list(dict.fromkeys(name for name, _ in scores))
    programs = list(dict.fromkeys(program for _, program in scores))
    columns = list(next(iter(scores.values()))[0])
    lines = [f"{analysis}, split {split}", f"{'set':14}{'program':16}{'n':>4}" + cells(columns)]
    lines += [
        f"{name:14}{program:16}{len(scores[name, program]):4}" + cells(mean(scores[name, program]).values())
        for name in sets
        for program in programs
        if (name, program) in scores
    ]
    for program in programs:
        own = of_sets(scores, program)
        lines.append(f"{'MEAN OF SETS':14}{program:16}{len(own):4}" + cells(mean(own).values()))
    for program in programs:
        own = [row for name in sets for row in scores.get((name, program), [])]
        lines.append(f"{'ALL FILES':14}{program:16}{len(own):4}" + cells(mean(own).values()))
    lines += ["", f"{'program':16}{'looks ahead':14}{'licence':28}versions", *(_about(p, versions) for p in programs)]
    lines.append("rtf: CPU seconds for a second of sound, on one thread, without loading; nan: does not apply")
    return "\n".join(lines)


def _about(program: str, versions: dict[str, dict[str, str]]) -> str:
    if program in PEERS:
        peer = PEERS[program]
        ahead, licence = peer.looks_ahead or "no", peer.licence
    else:
        ahead, licence = "no", "GPL-3.0-or-later"
    names = ", ".join(f"{name} {version}" for name, version in versions.get(program, {}).items())
    return f"{program:16}{ahead:14}{licence:28}{names}".rstrip()


def of_sets(scores: Scores, program: str) -> list[Row]:
    """The means of each set that it was scored on."""
    return [mean(rows) for (_, one), rows in scores.items() if one == program]


def mean(rows: list[Row]) -> Row:
    """Of each column, over the rows that have it."""
    columns = {name: [row[name] for row in rows if row[name] == row[name]] for name in rows[0]}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in columns.items()}


def cells(values: Any) -> str:
    """Names or figures, each in its column."""
    return "".join(f"{value:>{WIDE}}" if isinstance(value, str) else f"{value:{WIDE}.3f}" for value in values)
