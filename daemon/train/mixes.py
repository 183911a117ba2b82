"""Labelled sound to tell drums by: drums alone, drums in songs, songs without drums; all drawn from a seed."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.train import fluid
from daemon.train.fluid import DRUM_CHANNEL, Note
from daemon.train.kit import HAT, KICK, OTHER, SNARE, Hit, pattern, synthetic

SECONDS = 25.0
LEAD_IN_S = 0.3
KITS, HELD_OUT_KITS = (
    (0, 8, 24, 32, 40),
    (16, 25),
)  # General MIDI's: standard, room, electronic, jazz, brush; power, TR-808
HELD_OUT_SONGS = 5  # every so many
DRUM_NOTES = {
    KICK: [35, 36],
    SNARE: [38, 38, 40, 40, 37, 39],  # with side stick and clap
    HAT: [42, 42, 42, 44, 46, 51, 53, 59, 54, 70, 69, 82],  # with ride, tambourine, maracas, cabasa and shaker
    OTHER: [41, 43, 45, 47, 48, 50],  # toms
}
CRASHES = [49, 52, 55, 57]
# Instruments for the songs' voices, plucked, struck, bowed, blown and synthetic.
PROGRAMS = (
    *(0, 1, 2, 4, 5, 6, 8, 11, 12, 16, 18, 19, 21, 24, 25, 26, 27, 28, 29, 30, 40),
    *(46, 48, 49, 50, 52, 56, 57, 60, 61, 62, 65, 66, 68, 71, 73, 75, 80, 81, 82, 88),
)
BASSES = range(32, 40)


class Piece(NamedTuple):
    """A piece and what is struck in it."""

    samples: np.ndarray  # mono float32, (n,)
    rate: int
    hits: list[Hit]
    kind: str  # "drums", "mix" or "music"


def draw(seed: int, songs: list[Path], held_out: bool) -> Piece:
    """The piece of a seed; held-out ones share neither songs nor sampled kits with the others. [main]"""
    rng = np.random.default_rng([seed, int(held_out)])
    rate = int(rng.choice([44100, 48000]))
    kind = str(rng.choice(["drums", "mix", "music"], p=[0.25, 0.6, 0.15]))
    beats = np.arange(0.4, SECONDS, 60 / rng.uniform(65, 175))
    mix = np.zeros(int(SECONDS * rate))
    hits: list[Hit] = []
    if kind != "drums":
        own = [song for k, song in enumerate(songs) if (k % HELD_OUT_SONGS == 0) == held_out]
        music, beats = _music(own[rng.integers(len(own))], rate, rng)
        mix += music * 10 ** (rng.uniform(-10, 6) / 20)
    if kind != "music":
        drums, hits = _drums(beats, HELD_OUT_KITS if held_out else KITS, rate, rng)
        mix += drums
    if rng.random() < 0.4:
        mix = _equalise(mix, rate, 5.0, rng)
    if rng.random() < 0.4:
        mix = _compress(mix, rate, rng)
    mix *= 0.95 * 10 ** (-rng.uniform(0, 22) / 20) / np.abs(mix).max()
    if rng.random() < 0.3:
        mix += rng.standard_normal(mix.size) * 10 ** (-rng.uniform(65, 90) / 20)
    return Piece(mix.astype(np.float32), rate, hits, kind)


def _music(path: Path, rate: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An excerpt of a song on other instruments at another tempo, mostly with a bass, and its beats in s."""
    song, speed = fluid.load(path), rng.uniform(0.8, 1.3)
    start = rng.choice(song.beats[: max(1, np.searchsorted(song.beats, song.beats[-1] - SECONDS * speed))])
    beats = LEAD_IN_S + (song.beats - start) / speed
    beats = beats[(beats > LEAD_IN_S / 2) & (beats < SECONDS)]
    voices = [
        [
            note._replace(
                start_s=LEAD_IN_S + (note.start_s - start) / speed, end_s=LEAD_IN_S + (note.end_s - start) / speed
            )
            for note in voice
            if start - 0.05 <= note.start_s < start + SECONDS * speed
        ]
        for voice in song.voices
    ]
    kept = [voice for voice in voices if rng.random() < 0.85]
    programs = {channel: int(rng.choice(PROGRAMS)) for channel in range(len(voices))}
    if rng.random() < 0.75:
        channel = len(voices)
        kept.append(_bass(voices[-1], beats, channel, rng))
        programs[channel] = int(rng.choice(BASSES))
    snaps, notes = rng.random() < 0.5, []
    for voice in kept:
        loudness = rng.uniform(0.5, 1.1)
        for note in voice:
            at = _snapped(note.start_s, beats) if snaps else note.start_s
            velocity = note.velocity * loudness + rng.normal(0, 8)
            notes.append(note._replace(start_s=max(0.05, at), end_s=max(at + 0.05, note.end_s), velocity=velocity))
    sound = _level(fluid.render(notes, programs, rate, rng.random() < 0.35), int(SECONDS * rate))
    return _equalise(sound, rate, 6.0, rng) if rng.random() < 0.5 else sound, beats


def _bass(voice: list[Note], beats: np.ndarray, channel: int, rng: np.random.Generator) -> list[Note]:
    """A bass to a voice: its low notes an octave down, or, as often, played anew on beats and half beats."""
    low = [note._replace(midi=note.midi - 12 * (note.midi > 45), channel=channel) for note in voice if note.midi < 56]
    low = [note for k, note in enumerate(low) if k == 0 or note.start_s - low[k - 1].start_s > 0.1]
    if not low or beats.size < 2 or rng.random() < 0.4:
        return low
    starts = np.array([note.start_s for note in low])
    step = np.median(np.diff(beats)) * rng.choice([0.5, 1.0])
    played = [at for at in np.arange(beats[0], beats[-1], step) if rng.random() < 0.8]
    return [
        low[max(0, np.searchsorted(starts, at + 0.05) - 1)]._replace(start_s=at, end_s=at + 0.8 * step) for at in played
    ]


def _snapped(at_s: float, beats: np.ndarray) -> float:
    """The nearest quarter of a beat."""
    grid = np.interp(np.arange(4 * beats.size) / 4, np.arange(beats.size), beats) if beats.size else np.array([at_s])
    return float(grid[np.abs(grid - at_s).argmin()])


def _drums(
    beats: np.ndarray, kits: tuple[int, ...], rate: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[Hit]]:
    """Drums to beats, from a sampled kit or (a third) one synthesised for this piece."""
    hits = [hit for hit in pattern(beats, rng) if hit.time_s < SECONDS - 0.6]
    loudness = {drum: rng.uniform(0.55, 1.0) for drum in DRUM_NOTES}
    n = int(SECONDS * rate)
    if rng.random() < 0.35:
        hits = [hit for hit in hits if hit.drum != OTHER]
        kit = {drum: [synthetic(drum, rate, rng) for _ in range(2)] for drum in (KICK, SNARE, HAT)}
        loudness[HAT] *= 0.6
        sound = np.zeros(n + rate)
        for hit in hits:
            stroke = kit[hit.drum][int(rng.random() < 0.2)]
            at = round(hit.time_s * rate)
            sound[at : at + stroke.size] += stroke * (hit.level * loudness[hit.drum]) ** 1.5
    else:
        usual, rare = ({drum: rng.choice(notes) for drum, notes in DRUM_NOTES.items()} for _ in range(2))
        notes = []
        for hit in hits:
            midi = int((rare if rng.random() < 0.15 else usual)[hit.drum])
            if hit.drum == HAT and rng.random() < 0.03:
                midi = int(rng.choice(CRASHES))
            velocity = 127 * hit.level * loudness[hit.drum]
            notes.append(Note(hit.time_s, hit.time_s + 0.2, midi, velocity, DRUM_CHANNEL))
        sound = fluid.render(notes, {DRUM_CHANNEL: int(rng.choice(kits))}, rate, rng.random() < 0.35)
    if rng.random() < 0.6:
        sound = _equalise(sound, rate, 8.0, rng)
    if rng.random() < 0.4:
        sound = _compress(sound, rate, rng)
    return _level(sound, n), hits


def _level(x: np.ndarray, n: int) -> np.ndarray:
    """`n` samples with an RMS of 0.1."""
    x = np.pad(x[:n], (0, max(0, n - x.size)))
    return x * 0.1 / (np.sqrt(np.mean(x**2)) + 1e-9)


def _equalise(x: np.ndarray, rate: int, most_db: float, rng: np.random.Generator) -> np.ndarray:
    """A smooth random gain over frequency."""
    hz = np.maximum(np.fft.rfftfreq(x.size, 1 / rate), 20)
    gain_db = np.interp(np.log(hz), np.log([30, 100, 300, 1000, 3000, 8000, 18000]), rng.uniform(-most_db, most_db, 7))
    return np.fft.irfft(np.fft.rfft(x) * 10 ** (gain_db / 20), x.size)


def _compress(x: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """A feed-forward compressor of random threshold, ratio, attack and release, 64 samples at a time."""
    block = 64
    n = x.size // block
    rms = np.sqrt((x[: n * block].reshape(n, block) ** 2).mean(axis=1))
    threshold, slope = np.percentile(rms, rng.uniform(50, 90)) + 1e-9, rng.uniform(0.2, 0.7)
    attack, release = (1 - np.exp(-block / rate / rng.uniform(*range_s)) for range_s in ((0.002, 0.02), (0.05, 0.2)))
    level, gain = 0.0, np.ones(n)
    for k in range(n):
        level += (attack if rms[k] > level else release) * (rms[k] - level)
        gain[k] = min(1.0, (threshold / max(level, 1e-9)) ** slope)
    return x * np.interp(np.arange(x.size), (np.arange(n) + 0.5) * block, gain)
