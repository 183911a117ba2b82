"""Keys on the Camelot wheel, as DJ programs name them: 8A is A minor, 8B C major, neighbours are a fifth apart."""

import re

from daemon.errors import UserError

_PITCHES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


class KeyNameError(UserError):
    """No key; the text is one line with the remedy."""


def camelot(key: int) -> str:
    """The name of a Profile's key; empty where it is not known."""
    if key < 0:
        return ""
    major = key if key < 12 else (key + 3) % 12  # the relative one
    return f"{(7 * major + 7) % 12 + 1}{'B' if key < 12 else 'A'}"


def key(said: str) -> int:
    """As in a Profile: of `8A`, `A minor`, `Am` or `F# major`. Raises KeyNameError."""
    text = said.strip()
    wheel = re.fullmatch(r"(\d{1,2})\s*([ABab])", text)
    if wheel and 1 <= int(wheel[1]) <= 12:
        major = (7 * (int(wheel[1]) - 8)) % 12
        return major if wheel[2] in "Bb" else 12 + (major + 9) % 12
    name = re.fullmatch(r"([A-Ga-g])([#b♯♭]?)\s*(m|min|minor|maj|major)?", text)
    if name is None:
        raise KeyNameError(f"there is no key {said!r}; give one such as 8A or 'A minor'")
    pitch = (_PITCHES[name[1].lower()] + {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[name[2]]) % 12
    return pitch + (12 if (name[3] or "") in ("m", "min", "minor") else 0)
