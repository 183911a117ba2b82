"""`jamd eval`: the streaming engine over annotated audio, beside other programs on the same files in the same run.

A data set is a folder of pairs NAME.ogg (or .wav, .flac, .mp3) and NAME.json; the JSON holds `onsets` [s], `beats` and
`downbeats` [s], `f0` ([times s], [Hz]), `notes` ([start s, end s, MIDI] ...), `chords` ([start, end, label]), `key`,
`drum_onsets` (`kick`, `snare`, `hat`: [s]), and `split`.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from daemon import peers, registry
from daemon.errors import UserError
from daemon.models.card import ModelError
from daemon.standings import Scores, standings

SUFFIXES = (".ogg", ".wav", ".flac", ".mp3")


class Program(NamedTuple):
    """What jamd or aubio is run as: the engine's analysers as (analysis, implementation), or what a network does."""

    chain: tuple[tuple[str, str], ...] = ()
    neural: tuple[str, ...] = ()


class Analysis(NamedTuple):
    """What an evaluation needs: the annotation's field, the analysers that jamd runs for it, and aubio's."""

    field: str
    chain: tuple[str, ...]
    aubio: tuple[str, ...] = ()


ANALYSES = {
    "onset": Analysis("onsets", ("onset",), ("aubio:hfc", "aubio:specflux")),
    "drums": Analysis("drum_onsets", ("onset",)),
    "f0": Analysis("f0", ("f0",), ("aubio:yinfft", "aubio:yinfast", "aubio:mcomb")),
    "notes": Analysis("notes", ("f0", "notes")),
    "beat": Analysis("beats", ("beat",), ("aubio:default",)),
    "chord": Analysis("chords", ("chroma", "chord")),
    "key": Analysis("key", ("chroma", "key")),
}


class EvaluationError(UserError):
    """Nothing can be evaluated."""


class Piece(NamedTuple):
    """Sound and its annotation."""

    audio: Path
    truth: Path


class Job(NamedTuple):
    """One piece by one program of jamd's or aubio's."""

    piece: Piece
    analysis: str
    name: str
    program: Program
    model: str | Path


class Trial(NamedTuple):
    """An evaluation under way. `rows`: one for each piece and program, or one with an `error`; both others as it goes on."""

    programs: list[str]
    pieces: int
    rows: Iterator[dict[str, Any]]
    versions: dict[str, dict[str, str]]


def begin(
    analysis: str,
    data: Path,
    split: str,
    programs: tuple[str, ...] = (),
    only: str = "",
    environments: Path | None = None,
    model: str | Path = "",
) -> Trial:
    """An analysis over a folder, by `programs` (default: all). Raises EvaluationError.

    `only`: one set's name. `environments`: where the peers are installed (daemon.peers). `model`: which one hears, of the
    shelf or in that folder. A program that is missing or fails is named, and the rest goes on.
    """
    _check(analysis)
    try:
        import mir_eval  # noqa: F401
    except ImportError:
        raise EvaluationError("mir_eval is not installed: pip install 'jamd[eval]'") from None
    own, others = _chosen(analysis, programs)
    pieces = [piece for piece in _pieces(analysis, data, split) if only in ("", piece.truth.parent.name)]
    if not pieces:
        field = ANALYSES[analysis].field
        raise EvaluationError(f"{data}: no audio with {field!r} beside it in split {split!r}{only and f' of {only}'}")
    versions: dict[str, dict[str, str]] = {}
    rows = _rows(analysis, pieces, own, others, environments, model, versions)
    return Trial([*own, *others], len(pieces), rows, versions)


def taken(row: dict[str, Any], scores: Scores) -> None:
    """A row of a trial among the scores, unless it tells of an error."""
    if "error" not in row:
        figures = {name: value for name, value in row.items() if name not in ("piece", "program")}
        scores.setdefault((Path(row["piece"]).parent.name, row["program"]), []).append(figures)


def run(
    analysis: str,
    data: Path,
    split: str,
    as_json: bool,
    programs: tuple[str, ...] = (),
    only: str = "",
    environments: Path | None = None,
    model: str | Path = "",
) -> int:
    """Print the table (or JSON lines) of what `begin` begins. Raises EvaluationError."""
    trial = begin(analysis, data, split, programs, only, environments, model)
    scores: Scores = {}
    for n, row in enumerate(trial.rows, 1):
        if as_json:
            print(json.dumps({name: _json(value) for name, value in row.items()}), flush=True)
        elif "error" in row:
            print(f"{row.get('piece', '')} {row['error']}".strip(), file=sys.stderr)
        taken(row, scores)
        if not as_json and sys.stderr.isatty():
            print(f"\r{n} of {trial.pieces * len(trial.programs)}", end="", file=sys.stderr)
    if not as_json and scores:
        ordered = sorted(scores, key=lambda one: (one[0], trial.programs.index(one[1])))
        print(standings(analysis, split, {one: scores[one] for one in ordered}, trial.versions))
    return 0


def _json(value: str | float) -> str | float | None:
    """JSON knows no NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _check(analysis: str) -> None:
    """Raise EvaluationError, saying which there are, unless this analysis and those before it are registered."""
    known = [name for name, entry in ANALYSES.items() if all(kind in registry.ANALYSERS for kind in entry.chain)]
    if analysis not in known:
        raise EvaluationError(f"{analysis}: there is no such analysis to evaluate; choose one of {', '.join(known)}")


def _pieces(analysis: str, data: Path, split: str) -> Iterator[Piece]:
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
            yield Piece(audio, truth)


def programs_of(analysis: str) -> dict[str, Program]:
    """Programs of this process by name: what jamd does where it is not told otherwise, its two ways, aubio."""
    chosen = ANALYSES[analysis]
    kind = chosen.chain[-1]
    features = Program(tuple((one, next(iter(registry.ANALYSERS[one]))) for one in chosen.chain))
    neural = Program(neural=(kind,))
    return {
        "jamd": neural if kind in registry.BY_NETWORK else features,
        "jamd:features": features,
        "jamd:neural": neural,
        **{name: Program(((kind, name),)) for name in chosen.aubio},
    }


def _chosen(analysis: str, programs: tuple[str, ...]) -> tuple[dict[str, Program], list[str]]:
    """Those of jamd and aubio, and the peers, that are asked for. Raises EvaluationError for one that there is not."""
    own = programs_of(analysis)
    others = [name for name, peer in peers.PEERS.items() if analysis in peer.hears]
    for name in programs:
        if name not in own and name not in others:
            raise EvaluationError(f"{name}: does no {analysis}; choose some of {', '.join([*own, *others])}")
    if not programs:  # what jamd does by default is one of its two ways, and is run once
        return {name: one for name, one in own.items() if name == "jamd" or one != own["jamd"]}, others
    return {name: own[name] for name in own if name in programs}, [name for name in others if name in programs]


def _rows(
    analysis: str,
    pieces: list[Piece],
    own: dict[str, Program],
    others: list[str],
    environments: Path | None,
    model: str | Path,
    versions: dict[str, dict[str, str]],
) -> Iterator[dict[str, Any]]:
    """A row for each piece and program, or with an `error`; `versions` is filled in."""
    for name in [name for name, program in own.items() if program.neural]:
        try:
            versions[name] = {"model": _model(model)}
        except ModelError as error:
            del own[name]
            yield {"program": name, "error": f"{name}: {error}"}
    jobs = [Job(piece, analysis, name, program, model) for piece in pieces for name, program in own.items()]
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        for job, score in zip(jobs, pool.map(_score, jobs), strict=True):
            yield {"piece": str(job.piece.truth), "program": job.name, **score}
    told: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def ask(name: str) -> None:
        try:
            for row in _asked(analysis, pieces, name, environments, versions):
                told.put(row)
        finally:
            told.put(None)

    with ThreadPoolExecutor(workers) as threads:  # each waits for a process
        asked = [threads.submit(ask, name) for name in others]
        for _ in others:
            while (row := told.get()) is not None:
                yield row
        for one in asked:
            one.result()


def _model(model: str | Path) -> str:
    """The name and version of the model that hears. Raises ModelError."""
    from daemon.hearing.offline import opened_model

    opened = opened_model(model)
    return f"{opened.name} {opened.card.version}"


def _score(job: Job) -> dict[str, float]:
    """Run a job in a worker process."""
    from daemon import heard, scores
    from daemon.inputs.sound_file import SoundFile, engine_rate

    sound = SoundFile(job.piece.audio)
    rate = engine_rate(sound.rate)
    blocks = list(sound.blocks(rate))
    events, hops, cpu_s = _found(job, blocks, rate)
    found = heard.of(job.analysis, events, hops, rate)
    rtf = cpu_s * rate / sum(block.shape[1] for block in blocks)
    return {**scores.of(job.analysis, json.loads(job.piece.truth.read_text()), found), "rtf": rtf}


def _found(job: Job, blocks: list[np.ndarray], rate: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The events and features of jamd's engine and networks, as live, and the CPU seconds that they took."""
    from daemon.engine.offline import SILENCE_AFTER
    from daemon.hearing.offline import Listener

    silence = np.zeros((blocks[0].shape[0], SILENCE_AFTER), np.float32)

    def listener() -> Listener:
        analysers = [registry.analyser(*one) for one in job.program.chain]
        return Listener(rate, len(silence), analysers, job.program.neural, job.model)

    listener().process(silence)  # loads what is compiled
    own = listener()
    start = time.process_time()
    found = [own.process(block) for block in [*blocks, silence]]
    cpu_s = time.process_time() - start
    return np.concatenate([part.events for part in found]), np.concatenate([part.hops for part in found]), cpu_s


def _asked(
    analysis: str, pieces: list[Piece], name: str, environments: Path | None, versions: dict[str, dict[str, str]]
) -> Iterator[dict[str, Any]]:
    """A peer's rows; its versions go into `versions`."""
    import soundfile

    from daemon import scores

    try:
        answers = peers.ask(name, analysis, [piece.audio for piece in pieces], environments)
        versions[name] = next(answers)["versions"]
        for piece, found in zip(pieces, answers, strict=True):
            row: dict[str, Any] = {"piece": str(piece.truth), "program": name}
            if "error" in found:
                yield {**row, "error": f"{name}: {found['error']}"}
                continue
            rtf = found["cpu_s"] / soundfile.info(piece.audio).duration
            yield {**row, **scores.of(analysis, json.loads(piece.truth.read_text()), found), "rtf": rtf}
    except peers.PeerError as error:
        yield {"program": name, "error": str(error)}
