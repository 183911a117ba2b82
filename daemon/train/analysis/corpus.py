"""Sound to train on, at will: excerpts of 24 s in stems, with exact labels, in files that load at once.

A shard is `shard-000.i16`, its stems as raw int16 (stems, LENGTH), and `shard-000.npz`, their labels. What an excerpt is
depends on the seed, the part and its number alone. `python -m daemon.train.analysis.corpus FOLDER --scores FILE` renders.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from daemon.errors import UserError
from daemon.train.analysis import scores as score_files
from daemon.train.analysis import synth
from daemon.train.analysis.kinds import Scores
from daemon.train.analysis.playing import LENGTH, PARTS, RATE, SECONDS, Excerpt, excerpt

__all__ = ["LENGTH", "RATE", "SECONDS", "Corpus", "CorpusError", "Excerpt", "load", "main", "render"]

PER_SHARD = 32


class CorpusError(UserError):
    """No shards, or unreadable ones."""


_RAGGED = ("notes", "beats", "chords", "key", "programs", "f0", "mono")
_TOLD = ("has_beats", "has_chords", "has_key", "has_notes")
_PLAIN: dict[str, type] = {
    "kind": str,
    "source": str,
    "seed": np.int64,
    "metre": np.int8,
    "plugins": str,
} | dict.fromkeys(_TOLD, bool)


def save(folder: Path, shard: int, found: list[Excerpt], stems: int) -> None:
    """The labels of a shard; its stems are written as they come."""
    packed: dict[str, Any] = {
        name: np.array([getattr(one, name) for one in found], kind) for name, kind in _PLAIN.items()
    }
    for name in _RAGGED:
        rows = [getattr(one, name) for one in found]
        packed[name], packed[f"{name}_n"] = np.concatenate(rows), np.array([len(row) for row in rows])
    draft = folder / f"shard-{shard:03}.part.npz"
    np.savez(draft, stems=stems, **packed)
    draft.rename(folder / f"shard-{shard:03}.npz")


class Corpus:
    """The excerpts of a folder, memory-mapped. [any]"""

    def __init__(self, folder: Path) -> None:
        """Raises CorpusError."""
        self.shards = sorted(folder.glob("shard-*[0-9].npz"))
        if not self.shards:
            raise CorpusError(f"{folder}: no shards there; have them rendered first: jamd train analysis")
        self._found = [one for path in self.shards for one in _load(path)]

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, number: int) -> Excerpt:
        return self._found[number]


def load(folder: Path) -> Corpus:
    """What `render` wrote. Raises CorpusError. [any]"""
    return Corpus(folder)


def _load(path: Path) -> list[Excerpt]:
    try:
        with np.load(path) as file:
            packed: dict[str, Any] = {name: file[name] for name in file.files}
        sound = np.memmap(path.with_suffix(".i16"), np.int16, "r").reshape(int(packed["stems"]), LENGTH)
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}); delete it and render again") from None
    ragged = {name: np.split(packed[name], np.cumsum(packed[f"{name}_n"])[:-1]) for name in _RAGGED}
    edges = np.concatenate([[0], np.cumsum(packed["programs_n"])])
    found = []
    for k in range(len(packed["kind"])):
        told: dict[str, Any] = {name: packed[name][k].item() for name in _PLAIN if name in packed}
        told |= {name: ragged[name][k] for name in _RAGGED}
        found.append(Excerpt(stems=sound[edges[k] : edges[k + 1]], **told))
    return found


def plugins(folder: Path) -> set[str]:
    """Of patches.PLUGINS, what played in the shards there; none where there are none. [any]"""
    found: set[str] = set()
    for path in folder.glob("shard-*[0-9].npz"):
        with np.load(path) as file:
            if "plugins" in file:
                found.update(*(str(played).split(",") for played in np.unique(file["plugins"])))
    return found - {""}


def render(
    folder: Path,
    scores: Path,
    fonts: Sequence[Path],
    seed: int = 0,
    excerpts: int | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    part: str = "train",
    said: Callable[[str], None] = print,
) -> int:
    """Write shards until there are so many `excerpts`, or for so many `seconds`; what is there already is kept.

    `fonts`: files, as synth.fonts gives them. Returns the number of excerpts written. Raises UserError. [main]
    """
    synth.Synth(fonts[0]).close()  # says what is missing before processes start
    score_files.load(scores)
    folder.mkdir(parents=True, exist_ok=True)
    count, began = workers or os.cpu_count() or 1, time.time()
    until = began + seconds if seconds else float("inf")
    last = -(-excerpts // PER_SHARD) if excerpts else 10_000
    jobs = []
    for shard in range(last):
        wanted = min(PER_SHARD, (excerpts or 1 << 60) - shard * PER_SHARD)
        if _there(folder / f"shard-{shard:03}.npz") < wanted:
            jobs.append((folder, shard, wanted, until))
    if not jobs:
        return 0
    context = multiprocessing.get_context("spawn")
    drawn = context.Value("i", 0)
    begin = (scores, list(fonts), seed, part, drawn)
    with ProcessPoolExecutor(min(count, len(jobs)), context, _begin, begin) as pool:
        waiting = {pool.submit(_shard, job) for job in jobs}
        total = 0
        try:
            while waiting:
                done, waiting = wait(waiting, 2.0, FIRST_COMPLETED)
                total += sum(one.result() for one in done)
                hours, spent = drawn.value * SECONDS / 3600, time.time() - began
                said(f"{part}: {drawn.value} excerpts, {hours:.2f} h of sound, in {spent:.0f} s")
                if time.time() > until:
                    waiting = {one for one in waiting if not one.cancel()}
        except BrokenProcessPool:
            raise CorpusError(
                "a process that renders has ended, mostly for want of memory; give fewer workers"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
    return total


def _there(path: Path) -> int:
    """How many excerpts a shard has; time may have run out on it."""
    if not path.exists():
        return 0
    with np.load(path) as file:
        return len(file["kind"])


_worker: dict[str, Any] = {}


def _begin(scores: Path, fonts: list[Path], seed: int, part: str, drawn) -> None:
    by: Scores = {}
    for score in score_files.load(scores):
        if score.held == (part == "valid"):
            by.setdefault(score.source, []).append(score)
    _worker.update(scores=by, fonts=fonts, seed=seed, part=part, drawn=drawn)


def _shard(job: tuple[Path, int, int, float]) -> int:
    """Render one shard; less than all of it where time runs out. Returns how many excerpts."""
    folder, shard, count, until = job
    if time.time() > until:
        return 0
    found, stems = [], 0
    with (folder / f"shard-{shard:03}.i16").open("wb") as file:
        for k in range(count):
            if time.time() > until:
                break
            one = excerpt(shard * PER_SHARD + k, _worker["seed"], _worker["part"], _worker["scores"], _worker["fonts"])
            file.write(one.stems.tobytes())
            stems += len(one.stems)
            found.append(one._replace(stems=one.stems[:0]))
            with _worker["drawn"].get_lock():
                _worker["drawn"].value += 1
    if found:
        save(folder, shard, found, stems)
    return len(found)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Render excerpts to train on.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, nargs="*", default=[], help="folders of sound fonts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--excerpts", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--part", choices=PARTS, default="train")
    given = parser.parse_args(arguments)
    try:
        fonts = synth.fonts(given.fonts)
        render(
            given.folder,
            given.scores,
            fonts,
            given.seed,
            given.excerpts,
            given.seconds,
            given.workers,
            given.part,
            lambda text: print(text, flush=True),
        )
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
