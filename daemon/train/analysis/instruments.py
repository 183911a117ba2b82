"""General MIDI programs by what they are good for, and the range of each."""

import numpy as np

KIT = 128  # programs from here on are drum kits
KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40, 48)
PIANOS = (0, 0, 0, 0, 1, 1, 2, 3)

_KEYS = (0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 7)
_ORGANS = (16, 17, 18, 19, 20, 21, 23)
_PLUCKED = (24, 24, 25, 25, 26, 27, 28, 46, 104, 105, 106, 107)
_DRIVEN = (29, 30)
_MALLETS = (8, 9, 10, 11, 11, 12, 13, 108, 114)
_BOWED = (40, 40, 40, 41, 42, 110)
_BRASS = (56, 56, 57, 58, 59, 60, 61, 62, 63)
_REEDS = (64, 65, 65, 66, 66, 67, 68, 69, 70, 71, 71, 22, 109, 111)
_PIPES = (72, 73, 73, 74, 75, 77, 79)
_LEADS = (80, 80, 81, 81, 82, 83, 84, 85, 87)
_PADS = (88, 89, 90, 91, 92, 93, 94, 95)
_STRINGS = (44, 48, 48, 49, 50, 51)
_CHOIR = (52, 52, 53, 54)

_MELODIC = (_KEYS, _ORGANS, _PLUCKED, _DRIVEN, _MALLETS, _BOWED, _BOWED, _BRASS, _REEDS, _REEDS, _PIPES, _PIPES, _LEADS)
_COMPING = (
    _KEYS,
    _KEYS,
    _KEYS,
    _PLUCKED[:8],
    _PLUCKED[:8],
    _DRIVEN,
    _ORGANS,
    _STRINGS,
    _MALLETS[3:5],
    _PADS,
    _LEADS[:4],
)
_LONG = (_STRINGS, _STRINGS, _ORGANS, _PADS, _CHOIR, _BRASS[5:8], _KEYS[6:10])
_BASSES = ((32, 33, 33, 34, 34, 35, 36), (32, 33, 33, 34, 35, 37), (38, 38, 39, 39, 87), (32, 43, 42, 58, 0))
_ENSEMBLES = (_CHOIR, _CHOIR, _STRINGS, _ORGANS[2:5], _BRASS[:6], _REEDS[6:11], _BOWED, PIANOS, _PIPES)

_USES = {"melody": _MELODIC, "comping": _COMPING, "long": _LONG, "bass": _BASSES, "ensemble": _ENSEMBLES}

_RANGES = {
    9: (72, 103),
    10: (60, 91),
    8: (60, 96),
    11: (53, 89),
    12: (45, 88),
    13: (65, 100),
    14: (60, 77),
    114: (52, 84),
    24: (40, 84),
    25: (40, 84),
    26: (40, 84),
    27: (40, 84),
    28: (40, 80),
    29: (40, 86),
    30: (40, 86),
    105: (50, 86),
    32: (28, 60),
    33: (28, 58),
    34: (28, 58),
    35: (28, 58),
    36: (28, 58),
    37: (28, 58),
    38: (26, 60),
    39: (26, 60),
    40: (55, 96),
    41: (48, 84),
    42: (36, 74),
    43: (28, 58),
    110: (55, 90),
    52: (41, 79),
    53: (41, 79),
    54: (41, 79),
    56: (55, 84),
    57: (40, 72),
    58: (28, 58),
    59: (55, 84),
    60: (41, 77),
    64: (56, 86),
    65: (49, 80),
    66: (44, 75),
    67: (36, 68),
    68: (58, 88),
    69: (52, 80),
    70: (34, 70),
    71: (50, 89),
    72: (74, 103),
    73: (60, 96),
    74: (60, 90),
    75: (60, 90),
    77: (55, 84),
    79: (60, 89),
    22: (60, 84),
    109: (57, 75),
    111: (60, 86),
    87: (28, 66),
}
_ANY = (36, 90)


PITCHED_OTHERWISE = (8, 9, 16, 17, 18, 19, 84)
"""An octave, or more, off what is written in one font or another: no f0 is told of these."""


def choose(use: str, rng: np.random.Generator) -> int:
    """A program for `melody`, `comping`, `long` (chords held), `bass` or `ensemble`."""
    families = _USES[use]
    family = families[rng.integers(len(families))]
    return int(family[rng.integers(len(family))])


def fit(midi: np.ndarray, program: int) -> np.ndarray:
    """The notes moved by octaves, all alike, to where the instrument plays; what still lies outside is folded in."""
    low, high = (21, 108) if program in PIANOS else _RANGES.get(program, _ANY)
    if not len(midi):
        return midi
    middle = (float(midi.min()) + float(midi.max())) / 2
    moved = midi + 12 * np.round(((low + high) / 2 - middle) / 12) if middle < low or middle > high else midi
    moved = np.where(moved < low, moved + 12 * np.ceil((low - moved) / 12), moved)
    return np.where(moved > high, moved - 12 * np.ceil((moved - high) / 12), moved)
