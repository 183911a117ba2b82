"""`jamd eval`: the streaming engine over annotated audio, beside aubio on the same files in the same run.

A data set is a folder of pairs NAME.ogg (or .wav, .flac, .mp3) and NAME.json; the JSON holds `onsets` [s], `beats` [s],
`f0` ([times s], [Hz]), `notes` ([start s, end s, MIDI] ...), `chords` ([start, end, label]), `key`, and `split`.
"""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from daemon import registry
from daemon.errors import UserError

SUFFIXES = (".ogg", ".wav", ".flac", ".mp3")

Chain = list[tuple[str, str]]


class Analysis(NamedTuple):
    """What an evaluation needs: the annotation's field, the analysers before it, and its peers."""

    field: str
    chain: tuple[str, ...]
    peers: tuple[str, ...] = ()


ANALYSES = {
    "onset": Analysis("onsets", ("onset",), ("aubio:hfc", "aubio:specflux")),
    "f0": Analysis("f0", ("f0",), ("aubio:yinfft", "aubio:yinfast", "aubio:mcomb")),
    "notes": Analysis("notes", ("f0", "notes")),
    "beat": Analysis("beats", ("beat",), ("aubio:default",)),
    "chord": Analysis("chords", ("chroma", "chord")),
    "key": Analysis("key", ("chroma", "key")),
}


class EvaluationError(UserError):
    """Nothing can be evaluated."""


class Job(NamedTuple):
    """One piece by one program."""

    audio: Path
    truth: Path
    analysis: str
    program: str  # "jamd" or a peer
    chain: Chain


def run(analysis: str, data: Path, split: str, as_json: bool) -> int:
    """Print the table (or JSON lines) of an analysis over a folder. Raises EvaluationError."""
    _check(analysis)
    try:
        import mir_eval  # noqa: F401
    except ImportError:
        raise EvaluationError("mir_eval is not installed: pip install 'jamd[eval]'") from None
    pieces = list(_pieces(analysis, data, split))
    if not pieces:
        raise EvaluationError(f"{data}: no audio with {ANALYSES[analysis].field!r} beside it in split {split!r}")
    jobs = [
        Job(audio, truth, analysis, program, chain)
        for audio, truth in pieces
        for program, chain in _programs(analysis).items()
    ]
    scores: dict[tuple[str, str], list[dict[str, float]]] = {}
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for n, (job, score) in enumerate(zip(jobs, pool.map(_score, jobs), strict=True), 1):
            scores.setdefault((job.truth.parent.name, job.program), []).append(score)
            if as_json:
                print(json.dumps({"piece": str(job.truth), "program": job.program, **score}))
            elif sys.stderr.isatty():
                print(f"\r{n} of {len(jobs)}", end="", file=sys.stderr)
    if not as_json:
        print(table(analysis, split, scores))
    return 0


def _check(analysis: str) -> None:
    """Raise EvaluationError, saying which there are, unless this analysis and those before it are registered."""
    known = [name for name, entry in ANALYSES.items() if all(kind in registry.ANALYSERS for kind in entry.chain)]
    if analysis not in known:
        raise EvaluationError(f"{analysis}: there is no such analysis to evaluate; choose one of {', '.join(known)}")


def _pieces(analysis: str, data: Path, split: str) -> Iterator[tuple[Path, Path]]:
    if not data.is_dir():
        raise EvaluationError(
            f"{data}: there is no such folder; --data takes one of NAME.ogg + NAME.json, or of such folders"
        )
    for truth in sorted(data.rglob("*.json")):
        audio = next((truth.with_suffix(suffix) for suffix in SUFFIXES if truth.with_suffix(suffix).exists()), None)
        if audio is None:
            continue
        try:
            known = json.loads(truth.read_text())
        except ValueError as error:
            raise EvaluationError(f"{truth}: not JSON: {error}") from None
        if known.get(ANALYSES[analysis].field) and split in ("all", known.get("split", "all")):
            yield audio, truth


def _programs(analysis: str) -> dict[str, Chain]:
    """Program -> its chain of (analysis, implementation)."""
    chosen = ANALYSES[analysis]
    own = [(kind, next(iter(registry.ANALYSERS[kind]))) for kind in chosen.chain]
    return {"jamd": own, **{peer: [(analysis, peer)] for peer in chosen.peers}}


def _score(job: Job) -> dict[str, float]:
    """Run a job in a worker process."""
    from daemon import scores
    from daemon.engine import offline
    from daemon.inputs.sound_file import SoundFile, engine_rate

    sound = SoundFile(job.audio)
    rate = engine_rate(sound.rate)
    silence = np.zeros((sound.channels, offline.SILENCE_AFTER), np.float32)
    analysers = [registry.analyser(kind, name) for kind, name in job.chain]
    found = list(offline.analyse([*sound.blocks(rate), silence], rate, sound.channels, analysers))
    events = np.concatenate([part.events for part in found])
    hops = np.concatenate([part.hops for part in found])
    return scores.of_engine(job.analysis, json.loads(job.truth.read_text()), events, hops, rate)


def table(analysis: str, split: str, scores: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    """Rows: set and program; then each program's mean over the sets. All programs are causal."""
    programs = list(dict.fromkeys(program for _, program in scores))
    columns = list(next(iter(scores.values()))[0])
    lines = [f"{analysis}, split {split}, all causal", f"{'set':14}{'program':16}{'n':>4}" + _cells(columns)]
    means: dict[str, list[dict[str, float]]] = {program: [] for program in programs}
    for (name, program), rows in scores.items():
        mean = _mean(rows)
        means[program].append(mean)
        lines.append(f"{name:14}{program:16}{len(rows):4}" + _cells(mean.values()))
    lines += [
        f"{'MEAN':14}{program:16}{len(means[program]):4}" + _cells(_mean(means[program]).values())
        for program in programs
    ]
    return "\n".join(lines)


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each column over the rows that have it."""
    columns = {name: [row[name] for row in rows if row[name] == row[name]] for name in rows[0]}
    return {name: float(np.mean(values)) if values else float("nan") for name, values in columns.items()}


def _cells(values: Any) -> str:
    return "".join(f"{value:>13}" if isinstance(value, str) else f"{value:13.3f}" for value in values)
