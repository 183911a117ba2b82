"""Names of pitch classes, keys and chords. Pitch classes count semitones from C."""

PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

MODES = ("major", "minor")

CHORD_QUALITIES = ("N", "maj", "min", "7", "maj7", "min7", "dim", "aug", "sus4")
"""Index 0 is 'no chord'; the names are Harte's (ISMIR 2005), as mir_eval reads them."""


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
