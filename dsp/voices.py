"""The voices of the built-in performance: one note each to float32 samples of shape (n,), about 1.0 at its loudest.

Sums of decaying sines and frequency modulation (J. Chowning, J. Audio Eng. Soc. 21(7), 1973), evaluated at exact times:
the same sound at any rate. What is called noise is a sum of many sines of random frequency, drawn from a fixed seed.
"""

from functools import lru_cache

import numpy as np

RELEASE_S = 0.06  # every held note fades this long after its end


def hz(midi: float) -> float:
    """The frequency of a MIDI note, A4 = 440 Hz. [any]"""
    return float(440.0 * 2 ** ((midi - 69) / 12))


def electric_piano(rate: float, midi: int, seconds: float) -> np.ndarray:
    """A struck tine: a carrier modulated at its own frequency, and a short bell above it. [any]"""
    t, envelope = _held(rate, seconds, attack_s=0.003)
    w = 2 * np.pi * hz(midi) * t
    body = np.sin(w + 0.9 * np.exp(-t / 0.3) * np.sin(w)) * np.exp(-t / 1.6)
    bell = 0.25 * np.sin(7 * w) * np.exp(-t / 0.04)
    return (envelope * (body + bell)).astype(np.float32)


def lead(rate: float, midi: int, seconds: float) -> np.ndarray:
    """A wind-like tone of eight harmonics that begins to sway after a quarter of a second. [any]"""
    t, envelope = _held(rate, seconds, attack_s=0.012)
    sway = 2 * np.pi * 5.5
    late = np.clip(t - 0.25, 0, None)
    # 12 cents of vibrato; the integral of the frequency's sine is the phase's cosine
    w = 2 * np.pi * hz(midi) * (t + (2 ** (12 / 1200) - 1) * (1 - np.cos(sway * late)) / sway)
    tone = sum(np.sin(k * w) / k**1.3 for k in range(1, 9))
    return (envelope * tone * (0.55 + 0.2 * np.exp(-t / 0.1))).astype(np.float32)


def bass(rate: float, midi: int, seconds: float) -> np.ndarray:
    """A plucked string: the higher a harmonic, the sooner it is gone. [any]"""
    t, envelope = _held(rate, seconds, attack_s=0.004)
    w = 2 * np.pi * hz(midi) * t
    tone = sum(np.sin(k * w) / k * np.exp(-t * k / 1.2) for k in range(1, 8))
    return (envelope * tone * 0.6).astype(np.float32)


@lru_cache(maxsize=16)
def kick(rate: float) -> np.ndarray:
    """A drum head that falls from 170 Hz to 50, with the beater's click. [any]"""
    t = _time(rate, 0.4)
    phase = 2 * np.pi * (50 * t + 120 * 0.03 * (1 - np.exp(-t / 0.03)))
    return _struck(t, np.sin(phase) * np.exp(-t / 0.11) + 0.4 * _noise(t, 1000, 5000) * np.exp(-t / 0.004))


@lru_cache(maxsize=16)
def snare(rate: float) -> np.ndarray:
    """A short tone and the wires' rattle. [any]"""
    t = _time(rate, 0.35)
    tone = 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05)
    return _struck(t, tone + 0.8 * _noise(t, 700, 9000) * np.exp(-t / 0.06))


@lru_cache(maxsize=16)
def hat(rate: float) -> np.ndarray:
    """A closed hi-hat. [any]"""
    t = _time(rate, 0.15)
    return _struck(t, _noise(t, 6000, 15000) * np.exp(-t / 0.025))


def _time(rate: float, seconds: float) -> np.ndarray:
    return np.arange(int(seconds * rate)) / rate


def _held(rate: float, seconds: float, attack_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Times in s, and an envelope that rises in `attack_s`, holds until `seconds`, and fades in RELEASE_S."""
    t = _time(rate, seconds + RELEASE_S)
    rise = np.clip(t / attack_s, 0, 1)
    fall = np.clip((seconds + RELEASE_S - t) / RELEASE_S, 0, 1)
    return t, np.sin(np.pi / 2 * rise) * fall**2


def _struck(t: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """`sound` with a fade to zero at its end, so that its last sample does not click."""
    return (sound * np.clip((t[-1] - t) / 0.02, 0, 1)).astype(np.float32)


def _noise(t: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """Noise of a band, of standard deviation 0.35."""
    n, out = 150, np.zeros_like(t)
    draw = np.random.default_rng(1)
    for f, phase in zip(draw.uniform(low_hz, high_hz, n), draw.uniform(0, 2 * np.pi, n), strict=True):
        out += np.sin(2 * np.pi * f * t + phase)
    return out * (0.5 / np.sqrt(n))
