"""Tracks that nobody has heard before, and a set of them with crossfades: what a DJ would play into jamd."""

import numpy as np

RATE = 48000
SCALE = (0, 2, 3, 5, 7, 8, 10)


def track(seed: int, seconds: float) -> np.ndarray:
    """float32, mono: a bass, broken chords and a lead over drums, in a tempo and key of its own."""
    rng = np.random.default_rng(seed)
    beat = 60 / rng.uniform(110, 135)
    tonic = 36 + rng.integers(12)
    out = np.zeros(round(seconds * RATE), np.float32)
    for step in range(int(seconds / beat * 4)):
        at = round(step * beat / 4 * RATE)
        if step % 4 == 0:
            _add(out, at, _kick(rng))
        if step % 2 == rng.integers(2):
            _add(out, at, _noise(rng, 0.05, 0.08))
        for octave, chance, length in ((0, 0.4, 0.3), (2, 0.6, 0.2), (3, 0.35, 0.35)):
            if rng.random() < chance:
                pitch = tonic + 12 * octave + SCALE[rng.integers(7)]
                _add(out, at, _tone(440 * 2 ** ((pitch - 69) / 12), length, rng.uniform(0.08, 0.2), rng))
    return out / max(1e-6, float(np.abs(out).max())) * 0.7


def mixed(tracks: list[np.ndarray], overlap_s: float) -> tuple[np.ndarray, list[float]]:
    """One after the other with linear crossfades; and when (s) each begins."""
    fade = round(overlap_s * RATE)
    out, starts, at = np.zeros(sum(map(len, tracks)), np.float32), list[float](), 0
    for k, sound in enumerate(tracks):
        shaped = sound.copy()
        if k:
            shaped[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        if k < len(tracks) - 1:
            shaped[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        out[at : at + len(sound)] += shaped
        starts.append(at / RATE)
        at += len(sound) - fade
    return out[: at + fade], starts


def _add(out: np.ndarray, at: int, sound: np.ndarray) -> None:
    n = min(len(sound), len(out) - at)
    out[at : at + n] += sound[:n]


def _tone(hz: float, seconds: float, level: float, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 5))
    return (level * tone * np.exp(-t * rng.uniform(4, 9)) * np.minimum(1, t * 200)).astype(np.float32)


def _kick(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(0.2 * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t * 40)))) * np.exp(-t * 18)).astype(np.float32)


def _noise(rng: np.random.Generator, seconds: float, level: float) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * rng.standard_normal(len(t)) * np.exp(-t * 60)).astype(np.float32)
