"""A drummer: random patterns, and drums synthesised with random shapes for what no sampled kit holds."""

from typing import NamedTuple

import numpy as np

KICK, SNARE, HAT, OTHER = range(4)


class Hit(NamedTuple):
    """A stroke."""

    time_s: float
    drum: int  # KICK, SNARE (and clap), HAT (and cymbal, shaker) or OTHER
    level: float  # 0..1


def pattern(beats: np.ndarray, rng: np.random.Generator) -> list[Hit]:
    """Strokes over beats in s, four to the bar: rock-like or random, repeated for two to four bars, then others."""
    hits, first = [], 0
    jitter_s = rng.choice([0.0, 0.001, 0.003, 0.005])
    while first < len(beats) - 4:
        bars, steps = int(rng.integers(2, 5)), int(rng.choice([2, 2, 3, 4, 4, 4]))  # steps to the beat
        swing = rng.choice([0, 0, 0.12])
        for drum, places in (_rock(steps, rng) if rng.random() < 0.6 else _scattered(steps, rng)).items():
            levels = {place: rng.choice([1, 0.9, 0.75, 0.5]) for place in places}
            for bar in range(bars):
                for place in places:
                    beat = first + 4 * bar + place // steps
                    if beat + 1 < len(beats) and rng.random() > 0.06:
                        within = (place % steps + (swing if place % 2 else 0)) / steps
                        at = beats[beat] + within * (beats[beat + 1] - beats[beat]) + rng.normal(0, jitter_s)
                        hits.append(Hit(max(0.05, at), drum, levels[place] * rng.uniform(0.85, 1.1)))
        first += 4 * bars
    return sorted(hits)


def _rock(steps: int, rng: np.random.Generator) -> dict[int, list[int]]:
    """Kick on one and three, snare on two and four, an even hat, and some of it changed."""
    n = 4 * steps
    kick = {0, 2 * steps} if rng.random() < 0.8 else set(range(0, n, steps))
    kick |= set(rng.integers(0, n, rng.integers(0, 4)).tolist())
    snare = {steps, 3 * steps} | set(rng.integers(0, n, rng.integers(0, 3)).tolist())
    hat = set(range(0, n, max(1, steps // 2) * int(rng.choice([1, 2]))))
    drums = {KICK: kick, SNARE: snare if rng.random() < 0.7 else set(), HAT: hat if rng.random() < 0.8 else set()}
    return {drum: sorted(places) for drum, places in drums.items()}


def _scattered(steps: int, rng: np.random.Generator) -> dict[int, list[int]]:
    density = {KICK: 0.2, SNARE: 0.22, HAT: 0.6, OTHER: 0.12 if rng.random() < 0.5 else 0.0}
    return {drum: np.flatnonzero(rng.random(4 * steps) < share).tolist() for drum, share in density.items()}


def synthetic(drum: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """One drum of random shape, its peak at 1. [main]"""
    t = np.arange(int(rate * rng.uniform(0.2, 0.5))) / rate
    x = {KICK: _kick, SNARE: _clap if rng.random() < 0.25 else _snare, HAT: _hat}[drum](t, rate, rng)
    x = x * np.clip((t[-1] - t) / 0.02, 0, 1)
    return x / np.abs(x).max()


def _noise(t: np.ndarray, low_hz: float, high_hz: float, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Noise between two frequencies, with slopes of random steepness; its standard deviation is 1."""
    hz, order = np.maximum(np.fft.rfftfreq(t.size, 1 / rate), 1), rng.uniform(1, 6)
    gain = 1 / (1 + (low_hz / hz) ** order) / (1 + (hz / high_hz) ** order)
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(t.size)) * gain, t.size)
    return x / x.std()


def _kick(t: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """A sine that falls in pitch, and a beater's click."""
    sweep_s = rng.uniform(0.008, 0.045)
    turns = rng.uniform(38, 75) * t + rng.uniform(30, 300) * sweep_s * (1 - np.exp(-t / sweep_s))
    body = np.sin(2 * np.pi * turns + rng.uniform(0, 1.5)) * np.minimum(1, t / rng.uniform(0.0003, 0.003))
    click = _noise(t, rng.uniform(500, 2500), rng.uniform(3000, 9000), rate, rng) * np.exp(
        -t / rng.uniform(0.002, 0.01)
    )
    x = body * np.exp(-t / rng.uniform(0.05, 0.25)) + rng.choice([0, 0.02, 0.04, 0.08, 0.16]) * click
    return np.tanh(x * rng.uniform(1, 4)) if rng.random() < 0.3 else x


def _snare(t: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Two tones of a head, and the wires."""
    hz = rng.uniform(150, 380)
    tones = np.sin(2 * np.pi * hz * (t + 0.01 * (1 - np.exp(-t / 0.02))))
    tones += rng.uniform(0, 0.7) * np.sin(2 * np.pi * hz * rng.uniform(1.4, 1.8) * t)
    wires = _noise(t, np.exp(rng.uniform(np.log(80), np.log(2500))), rng.uniform(2500, 16000), rate, rng) * np.exp(
        -t / rng.uniform(0.03, 0.15)
    )
    return rng.uniform(0.2, 1) * tones * np.exp(-t / rng.uniform(0.03, 0.12)) + rng.uniform(0.2, 0.7) * wires


def _clap(t: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Three bursts of noise."""
    bursts = ((0.0, 0.006), (0.011, 0.006), (0.022, rng.uniform(0.03, 0.1)))
    envelope = sum((t >= at) * np.exp(-np.maximum(0, t - at) / decay) for at, decay in bursts)
    return _noise(t, rng.uniform(500, 1000), rng.uniform(2500, 9000), rate, rng) * envelope


def _hat(t: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """High noise, short or long; some begin softly, as shakers do."""
    low_hz = np.exp(rng.uniform(np.log(2000), np.log(9000)))
    x = _noise(t, low_hz, rng.uniform(low_hz + 5000, 20000), rate, rng) * np.exp(
        -t / rng.choice([0.02, 0.03, 0.05, 0.1, 0.3])
    )
    return x * np.minimum(1, t / rng.uniform(0.001, 0.01)) if rng.random() < 0.3 else x
