"""A clip of notes, and a preset, become items: their profile from what they say, without a sound."""

from typing import Any, NamedTuple

import numpy as np

from daemon.errors import UserError
from daemon.recommend.item import N_CURVE, Item, Profile
from daemon.recommend.library.keys import key_of
from dsp.harmony import key_profiles

DRUMS = 9  # the MIDI channel, from 0
MOST_STARTS = 12.0  # a second: full energy


class ClipError(UserError):
    """A file that holds no clip or preset; the text is one line."""


class ClipNote(NamedTuple):
    """A note of a clip."""

    start_s: float
    end_s: float
    midi: int
    velocity: int
    channel: int  # from 0


def kind(notes: list[ClipNote]) -> str:
    """groove where there are only drums, else clip. [any]"""
    return "groove" if notes and all(note.channel == DRUMS for note in notes) else "clip"


def profile(notes: list[ClipNote], beats_s: np.ndarray, duration_s: float) -> Profile:
    """Of at least one note and the beats of its tempo map. Energy: half velocity, half starts a second. [any]"""
    duration_s = max(duration_s, 1e-3, *(note.end_s for note in notes))
    lengths = np.diff(beats_s)
    tempo = float(60 / np.median(lengths)) if len(lengths) else None
    chroma = np.zeros(12)
    for note in notes:
        if note.channel != DRUMS:
            chroma[note.midi % 12] += max(note.end_s - note.start_s, 1e-3)
    key, strength = _key(chroma)
    starts = np.array([note.start_s for note in notes])
    place = np.clip((starts / duration_s * N_CURVE).astype(int), 0, N_CURVE - 1)
    count = np.bincount(place, minlength=N_CURVE)
    force = np.bincount(place, [note.velocity / 127 for note in notes], N_CURVE) / np.maximum(count, 1)
    curve = 0.5 * force + 0.5 * np.clip(count / (duration_s / N_CURVE) / MOST_STARTS, 0, 1)
    density = len(notes) / duration_s
    loud = float(np.mean([note.velocity for note in notes])) / 127
    return Profile(
        duration_s=duration_s,
        tempo_bpm=tempo,
        tempo_stability=float(np.mean(np.abs(lengths * tempo / 60 - 1) <= 0.04)) if tempo else None,
        key=key,
        key_strength=strength,
        energy=0.5 * loud + 0.5 * min(density / MOST_STARTS, 1.0),
        energy_curve=tuple(np.round(curve, 4).tolist()),
        onset_density=density,
        chroma=tuple((chroma / chroma.sum()).tolist()) if chroma.any() else (),
        first_beat_s=0.0,
    )


def preset(table: dict[str, Any], stem: str) -> Item | None:
    """The item of a preset's TOML, its style for a genre; None for a table that is no preset. [any]"""
    band = table.get("jam")
    band = band if isinstance(band, dict) else {}
    if not band and not isinstance(table.get("chain"), list):
        return None
    constraints = band.get("constraints")
    key = band.get("key") or (constraints.get("key") if isinstance(constraints, dict) else "")
    tempo = band.get("tempo") or band.get("tempo_bpm")
    about = str(table.get("about") or "")
    return Item(
        id=0,
        kind="preset",
        title=str(table.get("name") or stem),
        genre=str(band.get("style") or ""),
        tags=(about,) if about else (),
        profile=Profile(
            tempo_bpm=float(tempo) if isinstance(tempo, (int, float)) and 20 <= tempo <= 400 else None,
            key=key_of(str(key or "")),
        ),
    )


def _key(chroma: np.ndarray) -> tuple[int, float | None]:
    """The best of 24 (C. Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990), and its correlation."""
    if np.count_nonzero(chroma) < 3:
        return -1, None
    profiles = key_profiles()
    heard = (chroma - chroma.mean()) / (np.linalg.norm(chroma - chroma.mean()) + 1e-12)
    fit = np.array([np.roll(profiles[mode], tonic) @ heard for mode in range(2) for tonic in range(12)])
    best = int(fit.argmax())
    return best, float(max(fit[best], 0.0))
