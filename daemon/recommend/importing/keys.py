"""The names that DJ programs have for a key, as `Profile.key`: 0..11 C major to B major, 12..23 C minor to B minor."""

import re

_TONICS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_BENDS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_NAMED = re.compile(r"([A-Ga-g])([#♯b♭]?)\s*-?\s*(.*)")
_WHEEL = re.compile(r"(\d{1,2})\s*([ABabDdMm])")
_MAJOR = ("", "maj", "major", "dur", "ionian")
_MINOR = ("m", "min", "minor", "moll", "aeolian")


def key(name: object) -> int:
    """A name such as "Am", "A minor", "G#min", Camelot's "8A" or Open Key's "1m"; -1 for none that is known. [any]"""
    text = str(name or "").strip()[:32]
    if wheel := _WHEEL.fullmatch(text):
        return _on_wheel(int(wheel[1]), wheel[2].lower())
    named = _NAMED.fullmatch(text)
    if named is None:
        return -1
    tonic = (_TONICS[named[1].lower()] + _BENDS[named[2]]) % 12
    mode = "maj" if named[3] == "M" else named[3].casefold()
    if mode in _MINOR:
        return 12 + tonic
    return tonic if mode in _MAJOR else -1


def numbered(number: object) -> int:
    """Traktor's number, which counts as `Profile.key` does; -1 for none. [any]"""
    return int(number) if isinstance(number, int) and 0 <= number < 24 else -1


def of_mixxx(number: object) -> int:
    """Mixxx's `key_id`: 1 C major .. 24 B minor, 0 not known (its proto/keys.proto). [any]"""
    return numbered(number - 1) if isinstance(number, int) else -1


def of_engine(number: object) -> int:
    """Engine DJ's number: major and its relative minor by turns, by fifths from C (libdjinterop's musical_key). [any]"""
    if numbered(number) < 0:
        return -1
    assert isinstance(number, int)
    fifths, is_minor = divmod(number, 2)
    return 12 + (9 + 7 * fifths) % 12 if is_minor else 7 * fifths % 12


def _on_wheel(hour: int, letter: str) -> int:
    """Camelot's A and B with A minor and C major at 8; Open Key's m and d with them at 1."""
    if not 1 <= hour <= 12:
        return -1
    fifths = hour - (8 if letter in "ab" else 1)
    return 12 + (9 + 7 * fifths) % 12 if letter in "am" else 7 * fifths % 12
