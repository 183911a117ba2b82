"""Chord scales: which tensions may be added to a chord in its key.

B. Nettles and R. Graf, *The Chord Scale Theory & Jazz Harmony*, Advance Music 1997: a chord's scale is its own tones,
the gaps filled from the key; a tone a semitone above one of the chord's is to be avoided. But a dominant takes the
lowered ninth and thirteenth where the key has them, and a minor chord no thirteenth, which would make a dominant of it.
"""

from functools import lru_cache

from daemon.generate.context import ChordSpan
from daemon.generate.rules.changes import Key
from daemon.generate.scale import OF_MODE
from dsp.harmony import CHORD_QUALITIES, CHORD_TONES

_THIRD = {"min": 3, "min7": 3, "dim": 3, "sus4": 5}
_FIFTH = {"dim": 6, "aug": 8}
_SEVENTH = {"7": (10,), "maj7": (11,), "min7": (10,), "maj": (11, 10), "dim": (10, 9)}


def degrees(span: ChordSpan, key: Key | None) -> dict[int, int]:
    """The pitch class of each degree that may sound: 1, 3 (or 4 where it is suspended), 5, 7, and of 9, 11, 13 what fits.

    Of a triad the seventh is the key's. [any]
    """
    return _degrees(span.root, CHORD_QUALITIES[span.quality], key)


@lru_cache(1024)
def _degrees(root: int, quality: str, key: Key | None) -> dict[int, int]:
    tones = CHORD_TONES[quality]
    scale = None if key is None else {(key[0] + step) % 12 for step in OF_MODE[key[1]]}

    def in_key(step: int) -> bool:
        return scale is None or (root + step) % 12 in scale

    found = {1: 0, 3: _THIRD.get(quality, 4), 5: _FIFTH.get(quality, 7)}
    sevenths = _SEVENTH.get(quality, (10,))
    if scale is None and quality == "maj":
        found[7] = 9  # the sixth offends nobody
    else:
        found[7] = next((step for step in sevenths if step in tones or in_key(step)), 9 if in_key(9) else 0)
    is_dominant = found[7] == 10 and found[3] == 4
    is_minor = found[3] == 3
    wanted = {9: (2, 1) if is_dominant else (2,), 11: (5, 6), 13: (9, 8) if is_dominant else () if is_minor else (9,)}
    for degree, steps in wanted.items():
        for step in steps:
            is_raised = degree == 11 and step == 6 and scale is None
            is_avoided = (step - 1) % 12 in tones and not (is_dominant and step in {1, 8})
            if in_key(step) and not is_avoided and not is_raised and step not in found.values():
                found[degree] = step
                break
    return {degree: (root + step) % 12 for degree, step in found.items()}
