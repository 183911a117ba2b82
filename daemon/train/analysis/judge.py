"""What was fitted, judged on pieces that it has not seen, beside the engine and others; its figures go into its card."""

from pathlib import Path

import msgspec
import numpy as np

from daemon import evaluation
from daemon.errors import UserError
from daemon.models import card as cards
from daemon.models import writing
from daemon.models.card import Figure
from daemon.peers import PEERS
from daemon.standings import Scores, mean, of_sets
from daemon.train.analysis.fit import Say

SPLIT = "dev"  # `test` is for the last look alone
NETWORK = "jamd:neural"
FIGURES = (
    ("onset", "f50", "onsets, F at 50 ms"),
    ("beat", "f", "beats, F"),
    ("beat", "f_down", "downbeats, F"),
    ("notes", "f", "notes, F of onset and pitch"),
    ("f0", "rpa", "pitch, raw accuracy"),
    ("chord", "majmin", "chords, major and minor"),
    ("key", "weighted", "key, weighted"),
)
"""Analysis, column of its scores, name."""


def judge(data: Path, model: Path, peers: Path | None, say: Say) -> None:
    """Say a line for each of FIGURES, and write what the network reached into the card in `model`.

    `data`: annotated audio as of `jamd eval`; where that is not there, how to judge is said. `peers`: the environments of
    other programs; without, the network stands beside jamd's engine and aubio. [main]
    """
    if not data.is_dir():
        say(f"{data} is not there, so nothing is judged: jamd eval onset --data ... --model {model} does it")
        return
    found: dict[str, Scores] = {}
    figures = []
    say(f"{SPLIT}, mean of sets (jamd eval says more):")
    for analysis, column, name in FIGURES:
        if analysis not in found:
            try:
                found[analysis] = _scores(analysis, data, model, peers, say)
            except UserError as error:
                say(str(error))
                found[analysis] = {}
        scores = found[analysis]
        every = {program: mean(of_sets(scores, program))[column] for program in dict.fromkeys(one for _, one in scores)}
        means = {program: value for program, value in every.items() if not np.isnan(value)}
        if means:
            say(f"{name:28}" + ", ".join(f"{program} {value:.3f}" for program, value in means.items()))
        if NETWORK in means:
            sets = [rows for (_, program), rows in scores.items() if program == NETWORK]
            known = [int((~np.isnan([row[column] for row in rows])).sum()) for rows in sets]
            on = (
                f"{sum(known)} pieces of {sum(n > 0 for n in known)} sets, {SPLIT}, mean of sets (jamd eval {analysis})"
            )
            figures.append(Figure(name, round(means[NETWORK], 3), on))
    writing.write(msgspec.structs.replace(cards.read(model), figures=figures), model)


def _scores(analysis: str, data: Path, model: Path, peers: Path | None, say: Say) -> Scores:
    own = [name for name in evaluation.programs_of(analysis) if name != "jamd"]
    others = [name for name, peer in PEERS.items() if analysis in peer.hears] if peers else []
    trial = evaluation.begin(analysis, data, SPLIT, (*own, *others), "", peers, model)
    scores: Scores = {}
    for row in trial.rows:
        if "error" in row:
            say(row["error"])
        evaluation.taken(row, scores)
    return scores
