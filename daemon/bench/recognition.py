"""`jamd bench recognition`: how often a track is recognised, by fader, noise, equaliser, mixing and length; at what cost."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import soxr

from daemon.bench.machine import machine
from daemon.bench.recognition_tracks import NoTracksError, load, real, rendered, voices
from daemon.recommend.recognition.index import Index
from daemon.recommend.recognition.print import print_of
from daemon.recommend.recognition.recogniser import Heard, Recogniser

RATE = 16000
LENGTH_S = 10.0
HELD = 10  # of so many tracks one stays out of the library: it must not be recognised
BLOCK = 1600  # samples fed at once
SEED = 5


class Case(NamedTuple):
    """How a query sounds."""

    name: str
    speed: float = 1.0
    key_lock: bool = False
    noise_db: float | None = None  # level of the music above the voices of a crowd
    bass_kill: bool = False
    mixed: bool = False  # with another track as loud
    length_s: float = LENGTH_S


CASES = (
    *(Case(f"fader {p:+d} %" if p else "as it is", 1 + p / 100) for p in (0, -2, 2, -4, 4, -6, 6, -8, 8)),
    *(Case(f"key lock {p:+d} %", 1 + p / 100, key_lock=True) for p in (-8, -4, 4, 8)),
    Case("+6 %, crowd 10 dB below", 1.06, noise_db=10.0),
    Case("+6 %, crowd as loud", 1.06, noise_db=0.0),
    Case("-6 %, crowd as loud", 0.94, noise_db=0.0),
    Case("+3 %, no bass below 300 Hz", 1.03, bass_kill=True),
    Case("+3 %, two mixed, both right", 1.03, mixed=True),
    Case("+3 %, 5 s", 1.03, length_s=5.0),
    Case("+3 %, 3 s", 1.03, length_s=3.0),
)


def run(data: Path, n_tracks: int, n_queries: int, as_json: bool) -> int:
    """Measure and print all. [main]"""
    try:
        paths = rendered(data, n_tracks) + real(data)
    except NoTracksError as error:
        click.echo(f"jamd: {error}", err=True)
        return 1
    found = measure(paths, voices(data), n_queries, None if as_json else click.echo)
    if as_json:
        click.echo(json.dumps(found))
    return 0


def measure(
    paths: list[Path], crowd: np.ndarray, n_queries: int, say: Callable[[str], Any] | None = None
) -> dict[str, Any]:
    """All rows; `say` is told each line as it is known. [main]"""
    say = say or (lambda _: None)
    known = [path for k, path in enumerate(paths) if k % HELD]
    strange = paths[::HELD]
    began, seconds, prints = time.thread_time(), 0.0, []
    for k, path in enumerate(known):
        sound = load(path)
        seconds += len(sound) / RATE
        prints.append((k, print_of(sound, RATE)))
    spent = time.thread_time() - began
    began = time.thread_time()
    index = Index(prints)
    found: dict[str, Any] = {
        "machine": machine(),
        "tracks": len(known),
        "hours": seconds / 3600,
        "print_ms_per_minute": 60e3 * spent / seconds,
        "bytes_per_minute": 60 * sum(len(blob) for _, blob in prints) / seconds,
        "index_s": time.thread_time() - began,
        "index_bytes": index.nbytes,
        "rows": {},
    }
    say(found["machine"])
    say(_library(found))
    say(f"{'10 s, unless said':30}{'right':>7}{'wrong':>7}{'strange':>9}{'p50':>8}{'p95':>6}{'cost p50':>11}{'max':>6}")
    for case in CASES:
        row = found["rows"][case.name] = _row(case, index, known, strange, crowd, n_queries)
        say(
            f"{case.name:30}{row['right']:7.1%}{row['wrong']:7.1%}{row['strange']:9.1%}"
            f"{row['s_p50']:6.0f} s{row['s_p95']:4.0f} s{row['look_ms_p50']:8.0f} ms{row['look_ms_max']:4.0f} ms"
        )
    row = found["rows"]["a crowd alone"] = _crowd(index, crowd, n_queries)
    say(f"{'a crowd alone':30}{'':14}{row['strange']:9.1%}")
    return found


def _library(found: dict[str, Any]) -> str:
    each = found["index_bytes"] / (60 * found["hours"])
    sizes = ", ".join(f"{n:,} of 4 min {4 * n * each / 1e6:,.0f} MB" for n in (1000, 10_000, 100_000))
    return (
        f"\n{found['tracks']} tracks, {found['hours']:.1f} h: a minute's fingerprint takes "
        f"{found['print_ms_per_minute']:.0f} ms and {found['bytes_per_minute']:.0f} bytes\n"
        f"the index of them took {found['index_s']:.1f} s; in memory: {sizes}\n"
    )


def _row(
    case: Case, index: Index, known: list[Path], strange: list[Path], crowd: np.ndarray, n_queries: int
) -> dict[str, float]:
    """Shares of queries; s until recognised; ms of a core for each second of sound.

    `right`: at the end just what sounds is said. `wrong`: something else was said at any time. `strange`: something was
    said of a track that is not in the library.
    """
    rng = np.random.default_rng(SEED)
    right, wrong, said, after, costs = 0, 0, 0, [], []
    for _ in range(n_queries):
        picked = rng.choice(len(known), 2, replace=False)[: 1 + case.mixed]
        answers, cost = ask(index, query(case, [load(known[k]) for k in picked], crowd, rng))
        costs += cost
        items = {int(k) for k in picked}
        right += bool(answers) and {heard.item for heard in answers[-1]} == items
        wrong += any(heard.item not in items for answer in answers for heard in answer)
        first = next((k + 1 for k, answer in enumerate(answers) if any(h.item in items for h in answer)), None)
        if first is not None:
            after.append(float(first))
    for _ in range(n_queries):
        picked = rng.choice(len(strange), 2, replace=False)[: 1 + case.mixed]
        answers, cost = ask(index, query(case, [load(strange[k]) for k in picked], crowd, rng))
        said += any(answers)
    return {
        "right": right / n_queries,
        "wrong": wrong / n_queries,
        "strange": said / n_queries,
        "s_p50": float(np.percentile(after, 50)) if after else float("nan"),
        "s_p95": float(np.percentile(after, 95)) if after else float("nan"),
        "look_ms_p50": float(np.percentile(costs, 50)),
        "look_ms_max": max(costs),
    }


def _crowd(index: Index, crowd: np.ndarray, n_queries: int) -> dict[str, float]:
    rng, said = np.random.default_rng(SEED), 0
    for _ in range(n_queries):
        start = rng.integers(len(crowd) - int(LENGTH_S * RATE))
        said += any(ask(index, crowd[start : start + int(LENGTH_S * RATE)])[0])
    return {"strange": said / n_queries}


def ask(index: Index, sound: np.ndarray) -> tuple[list[list[Heard]], list[float]]:
    """What was heard after each second of a query, and the ms of a core it cost."""
    recogniser = Recogniser((), RATE)
    recogniser.index = index
    answers, costs, spent = [], [], 0.0
    for start in range(0, len(sound), BLOCK):
        before = time.thread_time()
        recogniser.feed(sound[start : start + BLOCK])
        spent += time.thread_time() - before
        if (start + BLOCK) % RATE == 0:
            answers.append(recogniser.heard)
            costs.append(1000 * spent)
            spent = 0.0
    return answers, costs


def query(case: Case, tracks: list[np.ndarray], crowd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of each track, loud enough to be heard, as the case has it: float32 at RATE."""
    n = int(case.length_s * RATE)
    sound = np.zeros(n, np.float32)
    for track in tracks:
        part = _part(track, int(n * case.speed) + 2, rng)
        if case.key_lock:
            part = _stretched(part, case.speed)
        elif case.speed != 1:
            part = soxr.resample(part, RATE * case.speed, RATE)
        sound[: len(part[:n])] += part[:n] / (part.std() + 1e-9)
    if case.bass_kill:
        spectrum = np.fft.rfft(sound)
        spectrum[np.fft.rfftfreq(n, 1 / RATE) < 300] = 0
        sound = np.fft.irfft(spectrum, n).astype(np.float32)
    if case.noise_db is not None:
        start = rng.integers(len(crowd) - n)
        noise = crowd[start : start + n]
        sound = sound + noise / noise.std() * sound.std() * np.float32(10 ** (-case.noise_db / 20))
    return (0.1 * sound).astype(np.float32)


def _part(track: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Anywhere, but not where the track rests: at least half its level."""
    level = track.std()
    part = track[:n]
    for _ in range(20):
        start = int(rng.integers(max(1, len(track) - n)))
        part = track[start : start + n]
        if part.std() > 0.5 * level:
            break
    return part


def _stretched(part: np.ndarray, speed: float) -> np.ndarray:
    """By Rubber Band, as DJ programs do, which pedalboard brings."""
    import pedalboard

    return pedalboard.time_stretch(part, RATE, stretch_factor=speed)[0]
