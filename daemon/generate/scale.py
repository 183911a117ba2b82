"""Keys and scales by name: which pitch classes the performer's key allows."""

import re

from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import SCALES, Context
from dsp.harmony import MODES

_KEY = re.compile(r"\s*([A-Ga-g])([#b♯♭]?)\s+(major|minor)\s*", re.IGNORECASE)
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}

OF_MODE = (SCALES["major"], tuple(sorted({*SCALES["minor"], 11})))
"""The scale of a key that names none: major; minor with the natural and the raised seventh."""


class ConstraintError(UserError):
    """A constraint that means nothing, or contradicts another."""


def key_of(name: str) -> tuple[int, int]:
    """Tonic (pitch class) and mode of `D minor`, `F# major`, `Bb minor`. [any]"""
    found = _KEY.fullmatch(name)
    if found is None:
        raise ConstraintError(f"key {name!r} is no key; write a tonic and a mode, such as 'D minor' or 'Bb major'")
    letter, accidental, mode = found.groups()
    return (_LETTERS[letter.upper()] + _ACCIDENTALS[accidental.lower()]) % 12, MODES.index(mode.lower())


def key_in_force(context: Context, constraints: Constraints) -> tuple[int, int] | None:
    """Tonic and mode: the performer's, else what is heard; None: not known yet. [any]"""
    if constraints.key:
        return key_of(constraints.key)
    return (context.tonic, context.mode) if context.key_confidence > 0 else None


def scale_in_force(context: Context, constraints: Constraints) -> tuple[int, ...] | None:
    """Its pitch classes from the tonic up; None: the key is not known, so every pitch may come. [any]"""
    key = key_in_force(context, constraints)
    if key is None:
        return None
    tonic, mode = key
    steps = OF_MODE[mode] if not constraints.scale else SCALES[constraints.scale]
    return tuple((tonic + step) % 12 for step in steps)
