"""Keys as people and programs write them: `Am`, `F# minor`, `8A` (Camelot), `1m` (Open Key), 0-based as in Profile."""

import re

LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
CAMELOT_C_MAJOR, OPEN_C_MAJOR = 8, 1
"""Numbers of C major on the two wheels; each number up is a fifth up."""


def key_of(text: str) -> int:
    """0..11 C major to B major, 12..23 C minor to B minor; -1 for what is no key. [any]"""
    text = text.strip().casefold().replace("♯", "#").replace("♭", "b")
    if wheel := re.fullmatch(r"0?(\d{1,2})\s*([abdm])", text):
        number, letter = int(wheel[1]), wheel[2]
        if not 1 <= number <= 12:
            return -1
        first = CAMELOT_C_MAJOR if letter in "ab" else OPEN_C_MAJOR
        major = 7 * (number - first) % 12
        return major if letter in "bd" else 12 + (major + 9) % 12
    if spelt := re.fullmatch(r"([a-h])(#|b|is|es|s)?\s*(maj|major|dur|min|minor|moll|m)?", text):
        step = {"#": 1, "is": 1, "b": -1, "es": -1, "s": -1}.get(spelt[2] or "", 0)
        tonic = (LETTERS[spelt[1]] + step) % 12
        return tonic + (12 if (spelt[3] or "") in ("min", "minor", "moll", "m") else 0)
    return -1
