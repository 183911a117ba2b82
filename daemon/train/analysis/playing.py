"""An excerpt played: its stems, and everything that is to be heard in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.train.analysis import plugged, synth, unmusical
from daemon.train.analysis.arrange import LEAD_S, SECONDS
from daemon.train.analysis.arrange import Excerpt as Arranged
from daemon.train.analysis.instruments import KIT
from daemon.train.analysis.kinds import KINDS, Scores
from daemon.train.analysis.singing import SINGING, WHISTLING, sing
from daemon.train.analysis.unmusical import NOISE, TAPS

RATE = synth.RATE
LENGTH = SECONDS * RATE
F0_HZ = 100
PARTS = ("train", "valid")

UNMUSICAL = {"taps": 0.03, "negative": 0.05}
LOUDNESS_DB = -22  # of a stem where it sounds, before its own
PEAK = 0.9
_FAINT_DB = -42  # below a stem's loudest: no pitch is heard


class Excerpt(NamedTuple):
    """What is heard in 24 s. Times in s from its start, arrays float32."""

    kind: str
    source: str
    seed: int
    stems: np.ndarray  # int16 (S, LENGTH)
    programs: np.ndarray  # int16 (S,): General MIDI, 128 drums, 129 singing, 130 whistling, 131 no music, 132 taps
    notes: np.ndarray  # (N, 6): stem, start, end, midi, velocity, 0 pitched, 1 kick, 2 snare, 3 hat, 4 other drum
    beats: np.ndarray  # (M, 2): time, position in its bar from 1
    metre: int  # beats in a bar; 0: none
    chords: np.ndarray  # (C, 4): start, end, root + 12 * minor or 24 none or -1 not told, bass
    key: np.ndarray  # (K, 3): start, end, tonic + 12 * minor or -1
    f0: np.ndarray  # (S, 2400): Hz at 100 Hz, 0 unvoiced, -1 not told
    mono: np.ndarray  # bool (S,)
    has_beats: bool
    has_chords: bool
    has_key: bool
    has_notes: bool
    plugins: str = ""  # of patches.PLUGINS that played, between commas


opened: dict[Path, synth.Synth] = {}
"""The fonts that this process has played."""


def excerpt(number: int, seed: int, part: str, scores: Scores, fonts: Sequence[Path]) -> Excerpt:
    """Draw and play one. `scores` by collection, of that part alone. [worker]"""
    drawn = (seed, PARTS.index(part), number)
    rng = np.random.default_rng(drawn)
    draw = rng.random()
    if draw < sum(UNMUSICAL.values()):
        return _unmusical("taps" if draw < UNMUSICAL["taps"] else "negative", number, rng)
    weights = np.array([weight for weight, _ in KINDS.values()])
    for _ in range(20):
        _, make = list(KINDS.values())[rng.choice(len(weights), p=weights / weights.sum())]
        arranged = make(scores, rng)
        if arranged.parts and sum(len(p.notes) for p in arranged.parts) >= 8:
            break
    return _play(arranged, drawn, rng, fonts)


def _play(arranged: Arranged, drawn: tuple[int, int, int], rng: np.random.Generator, fonts: Sequence[Path]) -> Excerpt:
    sounds, notes, curves, plugins = [], [], [], set[str]()
    room = float(rng.uniform(0.1, 0.7)) if rng.random() < 0.25 else 0.0
    font = fonts[int(rng.integers(len(fonts)))]
    for stem, part in enumerate(arranged.parts):
        font = fonts[int(rng.integers(len(fonts)))] if rng.random() < 0.3 else font
        if part.program in (SINGING, WHISTLING):
            sung = sing(part.notes[part.notes[:, 0] >= 0][:, :4], SECONDS, part.program == WHISTLING, rng)
            sound, f0 = sung.sound, sung.f0
            played = np.concatenate([sung.notes, np.zeros((len(sung.notes), 1))], axis=1)
        else:
            played = part.notes[(part.notes[:, 1] > 0) & (part.notes[:, 0] < SECONDS)].copy()
            played[:, 0] = np.maximum(played[:, 0], -LEAD_S + 0.01)
            chorus = bool(rng.random() < 0.15)
            lead, bent = int(LEAD_S * RATE), part.bends is not None and len(part.bends)
            own = np.random.default_rng((*drawn, 1 + stem))
            by = None if bent else plugged.play(played, part.program, part.mono, LENGTH, RATE, lead, own)
            if by is None:
                sound = open_synth(font).play(played, part.program, LENGTH, lead, room, chorus, part.bends)
            else:
                sound = by.sound
                plugins.add(by.plugin)
            f0 = curve(played, part.bends, sound) if part.mono else np.full(SECONDS * F0_HZ, -1, np.float32)
        sounds.append(level(sound, LOUDNESS_DB + part.loud_db))
        notes.append(played)
        curves.append(f0)
    return Excerpt(
        arranged.kind,
        arranged.source,
        drawn[2],
        pack(sounds),
        np.array(
            [min(p.program, KIT) if p.program not in (SINGING, WHISTLING) else p.program for p in arranged.parts],
            np.int16,
        ),
        _rows(notes),
        arranged.beats.astype(np.float32),
        arranged.metre,
        arranged.chords,
        arranged.key,
        np.stack(curves),
        np.array([p.mono or p.program in (SINGING, WHISTLING) for p in arranged.parts]),
        True,
        bool(len(arranged.chords)),
        bool(len(arranged.key)),
        True,
        ",".join(sorted(plugins)),
    )


def _unmusical(kind: str, number: int, rng: np.random.Generator) -> Excerpt:
    rows = np.zeros((0, 5))
    if kind == "taps":
        sound, onsets, velocity = unmusical.taps(LENGTH, rng)
        rows = np.stack([onsets, onsets + 0.05, 0 * onsets + 39, velocity, 0 * onsets + 2], axis=1)
    else:
        sound = unmusical.noise(LENGTH, rng)
    quiet = kind == "negative" and float(np.abs(sound).max()) < 0.01
    none = np.array([[0, SECONDS, 24, -1]], np.float32)
    return Excerpt(
        kind,
        "generated",
        number,
        pack([sound if quiet else level(sound, LOUDNESS_DB + float(rng.uniform(-12, 3)))]),
        np.array([TAPS if kind == "taps" else NOISE], np.int16),
        _rows([rows]),
        np.zeros((0, 2), np.float32),
        0,
        none,
        np.zeros((0, 3), np.float32),
        np.zeros((1, SECONDS * F0_HZ), np.float32),
        np.array([True]),
        kind != "taps",
        True,
        False,
        True,
    )


def open_synth(font: Path) -> synth.Synth:
    """The synthesiser with that font; opened once in a process. Raises SynthError. [worker]"""
    if font not in opened:
        opened[font] = synth.Synth(font)
    return opened[font]


def curve(notes: np.ndarray, bends: np.ndarray | None, sound: np.ndarray) -> np.ndarray:
    """Hz at 100 Hz of one line: 0 where it rests or has died away, -1 where it only rings on."""
    n = SECONDS * F0_HZ
    f0 = np.zeros(n, np.float32)
    at = np.arange(n) / F0_HZ
    loud = np.sqrt(np.mean(np.square(sound.reshape(n, -1)), axis=1))
    loud = np.maximum(loud, np.append(0, loud[:-1]))
    heard = loud > (loud.max() + 1e-9) * 10 ** (_FAINT_DB / 20)
    bend = np.interp(at, bends[:, 0], bends[:, 1]) if bends is not None and len(bends) else np.zeros(n)
    f0[heard] = -1
    for start, end, midi, *_ in notes.tolist():
        i, j = max(0, int(np.ceil(start * F0_HZ))), max(0, int(np.ceil(end * F0_HZ)))
        f0[i:j] = np.where(heard[i:j], 440 * 2 ** ((midi + bend[i:j] - 69) / 12), 0)
    return f0


def level(sound: np.ndarray, loudness_db: float) -> np.ndarray:
    """The sound at another loudness: the mean power of its louder half."""
    power = np.mean(np.square(sound[: len(sound) // 441 * 441].reshape(-1, 441)), axis=1)
    loud = np.sqrt(np.mean(power[power >= np.median(power[power > 1e-10])])) if (power > 1e-10).any() else 0.0
    return sound * np.float32(10 ** (loudness_db / 20) / loud) if loud > 0 else sound


def pack(sounds: list[np.ndarray]) -> np.ndarray:
    """int16 (S, LENGTH), all alike quieter where their sum would clip."""
    stacked = np.stack(sounds)
    peak = max(float(np.abs(stacked.sum(axis=0)).max()), float(np.abs(stacked).max()))
    scale = 32767 * min(1.0, PEAK / (peak + 1e-12))
    return np.round(stacked * np.float32(scale)).astype(np.int16)


def _rows(notes: list[np.ndarray]) -> np.ndarray:
    """(N, 6) of all stems, by start."""
    every = np.concatenate([np.insert(rows, 0, stem, axis=1) for stem, rows in enumerate(notes)])
    return every[np.argsort(every[:, 1], kind="stable")].astype(np.float32)
