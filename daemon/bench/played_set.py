"""A set of many tracks with crossfades and the pitch fader: the session that jamd writes of it, beside the truth.

It is the live path's own recogniser and session keeper, fed with the mix as fast as it goes; time is the mix's.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import msgspec
import numpy as np

from daemon.bench.recognition_tracks import RATE, rendered
from daemon.recommend.live.keeper import Keeper, Play, Sighting
from daemon.recommend.recognition.print import print_of
from daemon.recommend.recognition.recogniser import Recogniser

OVERLAP_S = 12.0
PIECE_S = 0.25
FADER = 0.06
NOISE_DB = -20.0  # of crowd, below the mix
SEED = 5


class Begun(NamedTuple):
    """A track of the set: from when to when (s) it sounds, and how fast."""

    item: int
    start_s: float
    end_s: float
    speed: float


def mixed(sounds: list[np.ndarray], items: list[int], seed: int) -> tuple[np.ndarray, list[Begun]]:
    """One track after the other, each at its own speed, with crossfades of equal power; over white noise."""
    import soxr

    rng = np.random.default_rng(seed)
    fade, parts = round(OVERLAP_S * RATE), list[tuple[int, np.ndarray]]()
    truth, at = list[Begun](), 0
    for k, (sound, item) in enumerate(zip(sounds, items, strict=True)):
        speed = 1 + rng.uniform(-FADER, FADER)
        played = soxr.resample(sound, RATE * speed, RATE).astype(np.float32)
        ramp = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
        played[:fade] *= ramp if k else 1
        played[-fade:] *= ramp[::-1] if k < len(sounds) - 1 else 1
        parts.append((at, played))
        truth.append(Begun(item, at / RATE, (at + len(played)) / RATE, speed))
        at += len(played) - fade
    whole = np.zeros(at + fade, np.float32)
    for start, played in parts:
        whole[start : start + len(played)] += played
    level = np.sqrt(np.mean(whole**2)) * 10 ** (NOISE_DB / 20)
    return whole + level * rng.standard_normal(len(whole)).astype(np.float32), truth


def kept(sound: np.ndarray, recogniser: Recogniser) -> Iterator[tuple[float, Play]]:
    """(when it was decided, the play), times in the mix from 0."""
    keeper, step = Keeper(), round(PIECE_S * RATE)
    for start in range(0, len(sound), step):
        recogniser.feed(sound[start : start + step])
        at = (start + step) / RATE
        found = [Sighting(one.item, one.confidence, one.position_s, one.speed, one.share) for one in recogniser.heard]
        play = keeper.heard(1.0 + at, found)  # 0 is no time
        if play is not None:
            yield at, play._replace(at=play.at - 1.0)


def run(data: Path, n: int, library: int, as_json: bool) -> int:
    """Print the session beside the truth. Raises NoTracksError."""
    import soundfile

    paths = rendered(data, max(n, library))
    sounds = [soundfile.read(path, dtype="float32")[0] for path in paths]
    prints = [(k + 1, print_of(sound, RATE)) for k, sound in enumerate(sounds)]
    order = np.random.default_rng(SEED).permutation(len(sounds))[:n]
    sound, truth = mixed([sounds[k] for k in order], [int(k) + 1 for k in order], SEED)
    recogniser = Recogniser(prints, RATE)
    began = time.process_time()
    written = list(kept(sound, recogniser))
    cost = (time.process_time() - began) / (len(sound) / RATE)
    played = [play.id for _, play in written]
    rows = []
    for one in truth:
        hit = next(((at, play) for at, play in written if play.id == one.item), None)
        rows.append(
            {
                "track": paths[one.item - 1].stem,
                "speed": round(one.speed, 3),
                "start_s": round(one.start_s, 1),
                "written_s": round(hit[1].at, 1) if hit else None,
                "decided_after_s": round(hit[0] - one.start_s, 1) if hit else None,
            }
        )
    true = [one.item for one in truth]
    right = sum(row["written_s"] is not None for row in rows)
    total = {
        "tracks": len(true),
        "library": len(sounds),
        "minutes": round(len(sound) / RATE / 60, 1),
        "right": right,
        "missed": len(true) - right,
        "false": sum(item not in true for item in played),
        "twice": len(played) - len(set(played)),
        "in_order": [item for item in played if item in true] == [item for item in true if item in played],
        "decided_after_s": round(
            float(np.median([row["decided_after_s"] for row in rows if row["written_s"] is not None] or [0])), 1
        ),
        "core_percent": round(100 * cost, 1),
    }
    if as_json:
        sys.stdout.write(msgspec.json.encode({"total": total, "tracks": rows}).decode() + "\n")
        return 0
    for row in rows:
        said = (
            f"{row['written_s']:8.1f} s, decided {row['decided_after_s']:5.1f} s after"
            if row["written_s"] is not None
            else "missed"
        )
        click.echo(f"{row['start_s']:8.1f} s  {row['speed']:.3f}  {row['track']:24} {said}")
    click.echo(", ".join(f"{name} {value}" for name, value in total.items()))
    return 0
