"""Sounds for a library: a few seconds of the built-in band, each with its own speed and place."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from daemon.inputs.performance import Performance

RATE = 44100


def rendered(folder: Path, n: int, seconds: float = 3.0) -> list[Path]:
    """Write `n` FLAC files, no two alike, named "Artist K - Song K"."""
    folder.mkdir(parents=True, exist_ok=True)
    band = np.concatenate(list(Performance(seconds * 2 + n * 0.5).blocks(RATE)), axis=1).T
    paths = []
    for k in range(n):
        speed, start = 0.9 + 0.2 * k / n, round(0.5 * k * RATE)
        sound = soxr.resample(band[start : start + round(seconds * speed * RATE)], RATE * speed, RATE, "LQ")
        paths.append(folder / f"{k:02} Artist {k % 5} - Song {k}.flac")
        soundfile.write(paths[-1], sound, RATE)
    return paths
