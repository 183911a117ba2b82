"""What the engine heard of a file becomes its Profile and its beats."""

from typing import NamedTuple

import numpy as np

from daemon.recommend.item import Profile
from daemon.recommend.library import energy, pulse

VERSION = 1
"""Of the analysis: a file analysed by an older one is analysed again."""

ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
BLOCK_S = 0.1  # between two momentary loudnesses that count


class Heard(NamedTuple):
    """What the engine's analysers said of a sound; times in seconds from its start.

    A loop is played round, so that tempo and key have time to show: `passes` of `period_s` each.
    """

    duration_s: float
    period_s: float
    passes: int
    hop_s: float
    momentary_lufs: np.ndarray  # one a hop, as are the next three
    centroid_hz: np.ndarray
    low: np.ndarray  # 0..1
    chroma: np.ndarray  # (n, 12)
    onsets_s: np.ndarray
    beats_s: np.ndarray
    keys: tuple[tuple[float, int], ...]  # (from when, key as in Profile)
    timbre: np.ndarray


def profile(heard: Heard) -> tuple[Profile, np.ndarray]:
    """The profile, and the beats as float32 seconds. [any]"""
    tempo, stability = pulse.tempo(heard.beats_s)
    if heard.passes > 1 and tempo is not None:
        tempo = pulse.loop_tempo(tempo, heard.period_s)
    curve = energy.curve(heard.momentary_lufs, heard.onsets_s, heard.centroid_hz, heard.hop_s)
    beats = pulse.whole(heard.beats_s, heard.onsets_s, tempo, stability)
    start = (heard.passes - 1) * heard.period_s
    beats = beats[beats >= start - pulse.EARLY_S] - start
    beats = beats[beats < heard.duration_s].clip(0)
    curve = curve[round(start / energy.STEP_S) :]
    fades = energy.fades(curve)
    key, strength = _key(heard)
    chroma = heard.chroma.sum(axis=0, dtype=np.float64)
    found = Profile(
        duration_s=heard.duration_s,
        tempo_bpm=tempo,
        tempo_stability=stability,
        key=key,
        key_strength=strength,
        loudness_lufs=integrated(heard.momentary_lufs, heard.hop_s),
        energy=energy.whole(curve),
        energy_curve=energy.resampled(curve),
        onset_density=len(heard.onsets_s) / (heard.period_s * heard.passes),
        chroma=_floats(chroma / chroma.sum()) if chroma.sum() > 0 else (),
        timbre=_floats(heard.timbre),
        intro_beats=int(np.sum(beats < fades[0])) if fades and len(beats) else None,
        outro_beats=int(np.sum(beats >= fades[1])) if fades and len(beats) else None,
        first_beat_s=pulse.first_downbeat(beats, heard.low[round(start / heard.hop_s) :], heard.hop_s),
    )
    return found, beats.astype("<f4")


def integrated(momentary_lufs: np.ndarray, hop_s: float) -> float | None:
    """Gated loudness (ITU-R BS.1770-4) of momentary ones, each of 400 ms; None of silence. [any]"""
    step = max(1, round(BLOCK_S / hop_s))
    blocks = momentary_lufs[::-1][::step].astype(np.float64)  # from the end: the first ones are not full yet
    blocks = blocks[blocks > ABSOLUTE_GATE_LUFS]
    if not len(blocks):
        return None
    gate = _mean_lufs(blocks) + RELATIVE_GATE_LU
    return _mean_lufs(blocks[blocks > gate])


def _mean_lufs(blocks: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(10 ** (blocks / 10))))


def _key(heard: Heard) -> tuple[int, float | None]:
    """The key that held longest, and the share of the time from the first one on that it did."""
    if not heard.keys:
        return -1, None
    ends = [*(at for at, _ in heard.keys[1:]), heard.period_s * heard.passes]
    held: dict[int, float] = {}
    for (at, key), end in zip(heard.keys, ends, strict=True):
        held[key] = held.get(key, 0.0) + max(end - at, 1e-3)
    best = max(held, key=lambda key: (held[key], -key))
    return best, held[best] / sum(held.values())


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(np.round(values.astype(np.float64), 6).tolist())
