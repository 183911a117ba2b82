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


KEY_PROFILES = (
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""Major and minor from the tonic: J. Albrecht and D. Shanahan, Music Perception 31(1), 2013, table 1."""
