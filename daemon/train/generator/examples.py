"""Pieces as the phrase network is taught them: for each note what it is to be told, and what it is to foretell."""

from typing import NamedTuple

import numpy as np
from numba import njit

from daemon.generate.deep import alphabet, copying, rows
from daemon.generate.deep.alphabet import CANDIDATES, DURATION, NOTHING, PITCH, STYLES, TOKEN
from daemon.train.generator.corpus import Piece, melody


class Example(NamedTuple):
    """One piece of n notes; of pitches, targets and candidates are MIDI, fields are counted from the tonic."""

    token: np.ndarray  # int16 (n, fields of TOKEN)
    pitch: np.ndarray  # int16 (n, fields of PITCH)
    duration: np.ndarray  # int16 (n, fields of DURATION)
    candidates: np.ndarray  # int16 (n, 3, CANDIDATES): of time, pitch, duration
    target: np.ndarray  # int16 (n, 5): time, pitch, duration, part, velocity class
    onset: np.ndarray  # float32 (n,): of the note before, in quarters
    shift: int  # to count pitches from the tonic


@njit(cache=True)
def _fill(steps, velocities, parts, setting, meters, h, token, pitch, duration, candidates, target, onset):
    for n in range(len(steps)):
        time, midi, length = steps[n]
        before = n - 1
        rows.token(
            h, setting, meters, velocities[before] if n else 0, parts[before] if n else 0, token[n], candidates[n, 0]
        )
        onset[n] = h["onset"][h["n"] - 1] / 24.0 if n else 0.0
        rows.pitch(h, setting, meters, time, parts[n], pitch[n], candidates[n, 1])
        rows.duration(h, setting, meters, time, midi, parts[n], duration[n], candidates[n, 2])
        target[n, 0], target[n, 1], target[n, 2] = time, midi, length
        target[n, 3], target[n, 4] = parts[n], rows.loudness(velocities[n])
        copying.append(h, time, midi, length)


def example(piece: Piece, whole: bool = False) -> Example:
    """Of a piece's melody, or of all its parts."""
    notes = piece.notes if whole else melody(piece)
    meters = meters_of(piece, notes)
    steps = alphabet.steps(notes, int(meters[0, 1]))
    n = len(steps)
    setting = np.zeros(1, rows.SETTING)
    setting["shift"] = alphabet.tonic_shift(piece.tonic)
    setting["mode"], setting["style"], setting["texture"] = piece.mode, STYLES.index(piece.set), int(whole)
    made = Example(
        np.zeros((n, len(TOKEN.sizes)), np.int16),
        np.zeros((n, len(PITCH.sizes)), np.int16),
        np.zeros((n, len(DURATION.sizes)), np.int16),
        np.full((n, 3, CANDIDATES), NOTHING, np.int16),
        np.zeros((n, 5), np.int16),
        np.zeros(n, np.float32),
        alphabet.tonic_shift(piece.tonic),
    )
    h = np.zeros(1, copying.HISTORY)[0]
    _fill(steps, notes["velocity"].astype(np.int64), notes["part"].astype(np.int64), setting[0], meters, h, *made[:6])
    return made


def meters_of(piece: Piece, notes: np.ndarray) -> np.ndarray:
    """int64 (n, 2): where each metre begins, in ticks since the bar of the first note, and its bar's length."""
    found = [(tick, beats * 96 // unit) for tick, beats, unit in piece.meters]
    first = int(notes["tick"][0])
    began = next(((tick, bar) for tick, bar in reversed(found) if tick <= first), found[0])
    base = first - (first - began[0]) % began[1]
    later = [(tick - base, bar) for tick, bar in found if tick > first]
    return np.array([(0, began[1]), *later], np.int64)
