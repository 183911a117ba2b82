"""Names of pitch classes, keys and chords. Pitch classes count semitones from C."""

import numpy as np

PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

MODES = ("major", "minor")

CHORD_QUALITIES = ("N", "maj", "min", "7", "maj7", "min7", "dim", "aug", "sus4")
"""Index 0 is 'no chord'; the names are Harte's (ISMIR 2005), as mir_eval reads them."""

CHORD_TONES = {
    "N": (),
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
}
"""Quality -> semitones above the root, in the order of CHORD_QUALITIES."""


def chord_name(root: int, quality: int) -> str:
    """Harte's name of a chord, `C:maj`, or `N` for none."""
    return "N" if quality == 0 else f"{PITCH_CLASSES[root]}:{CHORD_QUALITIES[quality]}"


def key_name(tonic: int, mode: int) -> str:
    """`C major`, `F# minor`."""
    return f"{PITCH_CLASSES[tonic]} {MODES[mode]}"


def note_name(midi: int) -> str:
    """`A4` for 69 (scientific pitch notation)."""
    return f"{PITCH_CLASSES[midi % 12]}{midi // 12 - 1}"


def chord_symbol(name: str) -> str:
    """Harte's name as players write it: `A:min` is Am, `G:7` is G7, `N` is -. [any]"""
    root, _, quality = name.partition(":")
    return "-" if root == "N" else root + {"maj": "", "min": "m", "min7": "m7"}.get(quality, quality)


KEY_PROFILES = {
    "Albrecht and Shanahan": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
    "Temperley": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
}
"""Weight of each pitch class in major and minor, from the tonic.

J. Albrecht and D. Shanahan, Music Perception 31(1), 2013; D. Temperley, *Music and Probability*, MIT Press 2007.
"""


def key_profiles() -> np.ndarray:
    """The mean of the profiles, each with zero mean: shape (2, 12), rows major and minor of length 1."""
    total = np.zeros((2, 12))
    for profiles in KEY_PROFILES.values():
        p = np.array(profiles)
        p -= p.mean(axis=1, keepdims=True)
        total += p / p.std(axis=1, keepdims=True)
    return total / np.linalg.norm(total, axis=1, keepdims=True)
