"""Labelled sound to tell drums by: drums alone, drums in songs, songs without drums; all drawn from a seed."""

import random
from typing import NamedTuple

import numpy as np

from daemon.train import pieces
from daemon.train.kit import HAT, KICK, OTHER, SNARE, Hit, pattern, synthetic
from daemon.train.pieces import DRUMS, Line, Songs
from daemon.train.render import RATE, render, when

SECONDS = 25.0
KITS = (0, 8, 24, 32, 40)  # General MIDI's: standard, room, electronic, jazz, brush
HELD_OUT_KITS = (16, 25)  # power, TR-808
DRUM_NOTES = {
    KICK: [35, 36],
    SNARE: [38, 38, 40, 40, 37, 39],  # with side stick and clap
    HAT: [42, 42, 42, 44, 46, 51, 53, 59, 54, 70, 69, 82],  # with ride, tambourine, maracas, cabasa and shaker
    OTHER: [41, 43, 45, 47, 48, 50],  # toms
}
CRASHES = [49, 52, 55, 57]
BASSES = range(32, 40)


class Mix(NamedTuple):
    """A piece and what is struck in it."""

    samples: np.ndarray  # mono float32, (n,)
    rate: int
    hits: list[Hit]
    kind: str  # "drums", "mix" or "music"


def draw(seed: int, songs: Songs, held_out: bool) -> Mix:
    """The piece of a seed; held-out ones have sampled kits of their own (and want songs of their own). [main]"""
    rng = np.random.default_rng([seed, int(held_out)])
    kind = str(rng.choice(["drums", "mix", "music"], p=[0.25, 0.6, 0.15]))
    beats = np.arange(0.4, SECONDS, 60 / rng.uniform(65, 175))
    mix = np.zeros(int(SECONDS * RATE))
    hits: list[Hit] = []
    if kind != "drums":
        music, beats = _music(songs, rng)
        mix += music * 10 ** (rng.uniform(-10, 6) / 20)
    if kind != "music":
        drums, hits = _drums(beats, HELD_OUT_KITS if held_out else KITS, rng)
        mix += drums
    if rng.random() < 0.4:
        mix = _equalise(mix, 5.0, rng)
    if rng.random() < 0.4:
        mix = _compress(mix, rng)
    mix *= 0.95 * 10 ** (-rng.uniform(0, 22) / 20) / (np.abs(mix).max() + 1e-9)
    if rng.random() < 0.3:
        mix += rng.standard_normal(mix.size) * 10 ** (-rng.uniform(65, 90) / 20)
    rate = int(rng.choice([RATE, 48000]))  # at 48 kHz the same samples sound 1.5 semitones higher
    hits = [hit._replace(time_s=hit.time_s * RATE / rate) for hit in hits]
    return Mix(mix.astype(np.float32), rate, hits, kind)


def _fluid(notes: list[pieces.Note], programs: dict[int, int], rng: np.random.Generator) -> np.ndarray:
    sound = render(pieces.Piece(notes, programs), random.Random(int(rng.integers(2**32))))[: int(SECONDS * RATE)]
    return np.pad(sound, (0, int(SECONDS * RATE) - sound.size))


def _music(songs: Songs, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An excerpt of a song on other instruments at another tempo, mostly with a bass, and its beats in s."""
    song, beats = songs.any_with_beats(random.Random(int(rng.integers(2**32))))
    speed = rng.uniform(0.8, 1.3)
    begin = rng.choice(beats[: max(1, np.searchsorted(beats, beats[-1] - SECONDS * speed))])
    beats = pieces.BEGIN_S + (beats - begin) / speed
    beats = beats[(beats > pieces.BEGIN_S / 2) & (beats < SECONDS)]
    lines = [_excerpt(line, begin, speed) for line in song.values()]
    kept = [line for line in lines if rng.random() < 0.85]
    programs = [int(rng.choice(pieces.MELODIC)) for _ in kept]
    if rng.random() < 0.75:
        kept.append(_bass(lines[-1], beats, rng))
        programs.append(int(rng.choice(BASSES)))
    snaps, notes = rng.random() < 0.5, []
    for channel, line in enumerate(kept):
        loudness = rng.uniform(0.5, 1.1)
        for start, end, note, velocity in line:
            at = max(0.05, _snapped(start, beats) if snaps else start)
            notes.append((at, max(at + 0.05, end), note, velocity * loudness + rng.normal(0, 8), channel))
    sound = _level(_fluid(notes, dict(enumerate(programs)), rng))
    return _equalise(sound, 6.0, rng) if rng.random() < 0.5 else sound, beats


def _excerpt(line: Line, begin_s: float, speed: float) -> Line:
    return [
        (pieces.BEGIN_S + (start - begin_s) / speed, pieces.BEGIN_S + (end - begin_s) / speed, note, velocity)
        for start, end, note, velocity in line
        if begin_s - 0.05 <= start < begin_s + SECONDS * speed
    ]


def _bass(line: Line, beats: np.ndarray, rng: np.random.Generator) -> Line:
    """A bass to a line: its low notes an octave down, or, as often, played anew on beats and half beats."""
    low = [(start, end, note - 12 * (note > 45), velocity) for start, end, note, velocity in line if note < 56]
    low = [one for k, one in enumerate(low) if k == 0 or one[0] - low[k - 1][0] > 0.1]
    if not low or beats.size < 2 or rng.random() < 0.4:
        return low
    starts = np.array([one[0] for one in low])
    step = float(np.median(np.diff(beats)) * rng.choice([0.5, 1.0]))
    played = [float(at) for at in np.arange(beats[0], beats[-1], step) if rng.random() < 0.8]
    nearest = [low[max(0, int(np.searchsorted(starts, at + 0.05)) - 1)] for at in played]
    return [(at, at + 0.8 * step, note, velocity) for at, (_, _, note, velocity) in zip(played, nearest, strict=True)]


def _snapped(at_s: float, beats: np.ndarray) -> float:
    """The nearest quarter of a beat."""
    grid = np.interp(np.arange(4 * beats.size) / 4, np.arange(beats.size), beats) if beats.size else np.array([at_s])
    return float(grid[np.abs(grid - at_s).argmin()])


def _drums(beats: np.ndarray, kits: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, list[Hit]]:
    """Drums to beats, from a sampled kit or, as often, one synthesised for this piece."""
    hits = [hit for hit in pattern(beats, rng) if hit.time_s < SECONDS - 0.6]
    loudness = {drum: rng.uniform(0.55, 1.0) for drum in DRUM_NOTES}
    if rng.random() < 0.5:
        hits = [hit for hit in hits if hit.drum != OTHER]
        kit = {drum: [synthetic(drum, RATE, rng) for _ in range(2)] for drum in (KICK, SNARE, HAT)}
        loudness[HAT] *= 0.6
        sound = np.zeros(int(SECONDS * RATE))
        for hit in hits:
            stroke = kit[hit.drum][int(rng.random() < 0.2)]
            at = round(hit.time_s * RATE)
            sound[at : at + stroke.size] += stroke * (hit.level * loudness[hit.drum]) ** 1.5
    else:
        usual, rare = ({drum: rng.choice(notes) for drum, notes in DRUM_NOTES.items()} for _ in range(2))
        hits = [hit._replace(time_s=when(hit.time_s)) for hit in hits]
        notes: list[pieces.Note] = []
        for hit in hits:
            midi = int((rare if rng.random() < 0.15 else usual)[hit.drum])
            if hit.drum == HAT and rng.random() < 0.03:
                midi = int(rng.choice(CRASHES))
            notes.append((hit.time_s, hit.time_s + 0.2, midi, 127 * hit.level * loudness[hit.drum], DRUMS))
        sound = _fluid(notes, {DRUMS: int(rng.choice(kits))}, rng)
    if rng.random() < 0.6:
        sound = _equalise(sound, 8.0, rng)
    if rng.random() < 0.4:
        sound = _compress(sound, rng)
    return _level(sound), hits


def _level(x: np.ndarray) -> np.ndarray:
    """With an RMS of 0.1."""
    return x * 0.1 / (np.sqrt(np.mean(x**2)) + 1e-9)


def _equalise(x: np.ndarray, most_db: float, rng: np.random.Generator) -> np.ndarray:
    """A smooth random gain over frequency."""
    hz = np.maximum(np.fft.rfftfreq(x.size, 1 / RATE), 20)
    gain_db = np.interp(np.log(hz), np.log([30, 100, 300, 1000, 3000, 8000, 18000]), rng.uniform(-most_db, most_db, 7))
    return np.fft.irfft(np.fft.rfft(x) * 10 ** (gain_db / 20), x.size)


def _compress(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A feed-forward compressor of random threshold, ratio, attack and release, 64 samples at a time."""
    block = 64
    n = x.size // block
    rms = np.sqrt((x[: n * block].reshape(n, block) ** 2).mean(axis=1))
    threshold, slope = np.percentile(rms, rng.uniform(50, 90)) + 1e-9, rng.uniform(0.2, 0.7)
    attack, release = (1 - np.exp(-block / RATE / rng.uniform(*range_s)) for range_s in ((0.002, 0.02), (0.05, 0.2)))
    level, gain = 0.0, np.ones(n)
    for k in range(n):
        level += (attack if rms[k] > level else release) * (rms[k] - level)
        gain[k] = min(1.0, (threshold / max(level, 1e-9)) ** slope)
    return x * np.interp(np.arange(x.size), (np.arange(n) + 0.5) * block, gain)
