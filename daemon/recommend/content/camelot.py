"""Names of keys as DJ programs show them, and the wheel they lie on.

Camelot (Mark Davis, Mixed In Key): 1 to 12 in steps of a fifth, A for minor and B for major; 8B is C major, and each
minor key shares the number of its relative major. Open Key (Traktor) numbers the same wheel from C major, 1d, and
A minor, 1m. Keys are as `Profile.key`: 0..11 C major to B major, 12..23 C minor to B minor.
"""

import re

from dsp.harmony import key_name

N_KEYS = 24

NUMBERS = tuple((7 + 7 * (key if key < 12 else key + 3)) % 12 + 1 for key in range(N_KEYS))
"""Camelot number of each key; seven semitones are one step of the wheel."""

_NAMES = {name: number for number, name in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))}
_NAMES |= {"Db": 1, "Eb": 3, "Gb": 6, "Ab": 8, "Bb": 10, "Cb": 11, "Fb": 4, "B#": 0, "E#": 5}


def camelot(key: int) -> str:
    """`8A` for A minor."""
    return f"{NUMBERS[key]}{'B' if key < 12 else 'A'}"


def open_key(key: int) -> str:
    """`1m` for A minor."""
    return f"{(NUMBERS[key] + 4) % 12 + 1}{'d' if key < 12 else 'm'}"


def named(text: str) -> int:
    """The key of `8A`, `1m`, `Am`, `A minor`, `F# major`, `Bbm`; -1 for anything else."""
    words = text.strip().replace("\u266d", "b").replace("\u266f", "#")
    if wheel := re.fullmatch(r"0?(\d{1,2})\s*([ABabdm])", words):
        number, letter = int(wheel[1]), wheel[2]
        names = camelot if letter in "ABab" else open_key
        wanted = f"{number}{letter.upper() if letter in 'ABab' else letter}"
        return next((key for key in range(N_KEYS) if names(key) == wanted), -1)
    plain = re.fullmatch(r"([A-Ga-g])([#b]?)\s*(m|min|minor|maj|major|)", words)
    if plain is None:
        return -1
    tonic = _NAMES[plain[1].upper() + plain[2]]
    return tonic + (12 if plain[3] in ("m", "min", "minor") else 0)


def steps(a: int, b: int) -> int:
    """How far apart two keys lie: numbers round the wheel, and one more from ring to ring. 0..7."""
    around = (NUMBERS[b] - NUMBERS[a]) % 12
    return min(around, 12 - around) + int((a < 12) != (b < 12))


def relation(a: int, b: int) -> str:
    """What lies between two keys, in DJs' words: `one up the wheel`, `relative major`."""
    around = (NUMBERS[b] - NUMBERS[a]) % 12
    ring = (a < 12) != (b < 12)
    if around == 0:
        return f"relative {'major' if b < 12 else 'minor'}" if ring else "same key"
    if around == 6:
        words = "across the wheel"
    else:
        count = min(around, 12 - around)
        number = ("one", "two", "three", "four", "five")[count - 1]
        words = f"{number} {'up' if around < 6 else 'down'} the wheel"
    return f"{words}, to {'major' if b < 12 else 'minor'}" if ring else words


def transposed(key: int, semitones: int) -> int:
    """The key so many semitones higher."""
    return key // 12 * 12 + (key + semitones) % 12


def long_name(key: int) -> str:
    """`A minor`."""
    return key_name(key % 12, key // 12)
