"""An arrangement made to sound: by jamd's own voices, or by FluidSynth; with noise that rises in a build-up, and a mix."""

import random
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from daemon.scoring.section_pieces import Arrangement, Note, arrange
from daemon.train import pieces
from daemon.train.kit import HAT, KICK, SNARE, synthetic
from daemon.train.render import RATE, render
from dsp import voices

LEVELS = {"kick": 0.9, "snare": 0.6, "hat": 0.3, "bass": 0.5, "pad": 0.16, "keys": 0.2, "lead": 0.22}
CHANNELS = {"bass": 0, "pad": 1, "keys": 2, "lead": 3}
PROGRAMS = {
    "bass": (33, 34, 35, 38, 39),
    "pad": (48, 50, 81, 89, 90, 95),
    "keys": (0, 2, 4, 5, 24, 27),
    "lead": (65, 73, 80, 81, 56),
}
DRUMS = {"kick": 36, "snare": 38, "hat": 42}
KITS = (0, 8, 24, 25)
TAIL_S = 2.0


class Sounding(NamedTuple):
    """A piece and where its sections begin."""

    samples: np.ndarray  # float32 (1, n)
    rate: int
    sections: list[tuple[float, str]]  # s, what
    name: str  # of its style and of who made it


def piece(seed: int, rate: int = RATE, maker: str = "jamd") -> Sounding:
    """The piece of a seed as `maker` plays it: jamd, or fluid, which knows RATE alone and may raise RenderError. [any]"""
    music, rng = arrange(seed), np.random.default_rng([seed, 9])
    dry, rising = (_fluid if maker == "fluid" else _own)(music, rate, rng)
    for start_s, end_s in music.rises:
        begin, end = int(start_s * rate), int(end_s * rate)
        dry[begin:end] += _riser(end - begin, rate, rng) * np.sqrt(np.mean(dry**2)) / 0.15
        rising[begin:end] = _opened(rising[begin:end], rate)
    mix = dry + rising
    drive = rng.uniform(0.8, 2.0) / (np.percentile(np.abs(mix), 99.5) + 1e-9)
    mix = np.tanh(mix * drive)  # as who mixes it compresses
    mix *= 0.8 * 10 ** (-rng.uniform(0, 20) / 20) / np.abs(mix).max()
    return Sounding(mix[None].astype(np.float32), rate, music.sections, f"{music.style}, {maker}")


def _own(music: Arrangement, rate: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What is not filtered in a build-up, and what is."""
    n = int((music.seconds + TAIL_S) * rate)
    out = np.zeros((2, n))
    levels = {voice: level * rng.uniform(0.85, 1.15) for voice, level in LEVELS.items()}
    kit = {"kick": voices.kick(rate), "snare": voices.snare(rate), "hat": voices.hat(rate)}
    if rng.random() < 0.5:
        kit = {name: synthetic(drum, rate, rng) for name, drum in (("kick", KICK), ("snare", SNARE), ("hat", HAT))}

    @lru_cache(maxsize=512)
    def sound(voice: str, midi: int, seconds: float) -> np.ndarray:
        play = {"bass": voices.bass, "keys": voices.electric_piano, "lead": voices.lead, "pad": _pad}[voice]
        return play(rate, midi, seconds)

    for note in music.notes:
        heard = kit[note.voice] if note.voice in kit else sound(note.voice, note.midi, round(note.seconds, 6))
        at = max(0, round(note.start_s * rate))
        heard = heard[: n - at]
        out[int(note.rises), at : at + heard.size] += levels[note.voice] * note.level * heard
    return out[0], out[1]


def _fluid(music: Arrangement, rate: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    assert rate == RATE
    programs = {CHANNELS[voice]: int(rng.choice(choices)) for voice, choices in PROGRAMS.items()}
    programs[pieces.DRUMS] = int(rng.choice(KITS))
    seed, n = int(rng.integers(2**32)), int((music.seconds + TAIL_S) * rate)

    def made(notes: list[Note]) -> np.ndarray:
        written: list[pieces.Note] = []
        for one in notes:
            midi, channel = (DRUMS[one.voice], pieces.DRUMS) if one.voice in DRUMS else (one.midi, CHANNELS[one.voice])
            start = max(0.0, one.start_s)
            written.append((start, start + one.seconds, midi, 110 * min(1.1, one.level), channel))
        heard = render(pieces.Piece(written, programs), random.Random(seed))[:n] if written else np.zeros(0)
        return np.pad(heard.astype(float), (0, n - heard.size))

    return made([note for note in music.notes if not note.rises]), made([note for note in music.notes if note.rises])


def _pad(rate: float, midi: int, seconds: float) -> np.ndarray:
    """Three saws, a little apart, that swell in."""
    t = np.arange(int((seconds + 0.1) * rate)) / rate
    tone = np.zeros_like(t)
    for detune in (-0.07, 0.0, 0.08):
        w = 2 * np.pi * voices.hz(midi + detune) * t
        tone += sum(np.sin(k * w + k) / k for k in range(1, 13))
    return tone / 3 * np.clip(t / 0.08, 0, 1) * np.clip((t[-1] - t) / 0.1, 0, 1)


def _riser(n: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that grows and climbs."""
    block = 4096
    found = []
    for begin in range(0, n, block):
        part, hz = begin / n, np.fft.rfftfreq(block, 1 / rate)
        spectrum = np.fft.rfft(rng.standard_normal(block))
        spectrum[(hz < 400 * 8**part) | (hz > 3000 * 4**part)] = 0
        found.append(np.fft.irfft(spectrum) * (0.02 + 0.2 * part**2))
    return np.concatenate(found)[:n]


def _opened(x: np.ndarray, rate: int) -> np.ndarray:
    """Through a low pass that opens from 300 Hz to 9 kHz, and a high pass that takes the low end out."""
    size, hop = 4096, 2048
    window, out = np.hanning(size + 1)[:size], np.zeros(x.size + size)
    hz, padded = np.fft.rfftfreq(size, 1 / rate), np.pad(x, (0, size))
    for begin in range(0, x.size, hop):
        gain = 1 / (1 + (hz / (300 * 30 ** (begin / x.size))) ** 4) / (1 + (200 / np.maximum(hz, 1)) ** 6)
        out[begin : begin + size] += np.fft.irfft(np.fft.rfft(padded[begin : begin + size] * window) * gain)
    return out[: x.size]
