"""The scale as a ladder of pitches: what moves by a step on it stays in the key."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import SCALES, Context, chord_classes
from daemon.generate.note import Note
from daemon.generate.scale import key_in_force, scale_in_force


class Ladder:
    """Steps 0.. of a scale, up the whole MIDI range. Pure. [any]"""

    def __init__(self, classes: Sequence[int]) -> None:
        self.classes = frozenset(classes)
        self.pitches = [pitch for pitch in range(128) if pitch % 12 in self.classes]
        self.octave = len(self.classes)

    def step(self, pitch: int) -> int:
        """The step nearest to a pitch, the lower of two."""
        above = bisect_left(self.pitches, pitch)
        if above == len(self.pitches) or (above and pitch - self.pitches[above - 1] <= self.pitches[above] - pitch):
            above -= 1
        return above

    def pitch(self, step: int) -> int:
        """The pitch of a step; those beyond MIDI's are brought in by octaves."""
        if step < 0:
            step %= self.octave
        while step >= len(self.pitches):
            step -= self.octave
        return self.pitches[step]


def ladder_of(context: Context, constraints: Constraints, line: Sequence[Note]) -> Ladder:
    """The scale in force; while no key is known, the major scale that holds most of what was played. [any]"""
    scale = scale_in_force(context, constraints)
    if scale is not None and len(scale) >= 12:
        constraints = Constraints(key=constraints.key)  # a chromatic scale has no steps of its own
        scale = scale_in_force(context, constraints)
    if scale is None:
        held: Counter[int] = Counter()
        for note in line:
            held[note.pitch % 12] += note.duration
        major = SCALES["major"]
        tonic = max(range(12), key=lambda tonic: sum(held[(tonic + step) % 12] for step in major))
        scale = tuple((tonic + step) % 12 for step in major)
    elif len(scale) == 8 and not constraints.scale:
        scale = (*scale[:6], scale[6 if _leads_down(scale, line) else 7])
    return Ladder(scale)


def _leads_down(minor: Sequence[int], line: Sequence[Note]) -> bool:
    """Whether the natural seventh is heard at least as much as the raised one, as in folk tunes and rock."""
    natural, raised = (sum(note.duration for note in line if note.pitch % 12 == minor[i]) for i in (6, 7))
    return natural >= raised


def homes(context: Context, constraints: Constraints, tick: int, line: Sequence[Note]) -> tuple[int, ...]:
    """Pitch classes on which a phrase may rest at a tick, the best first: the tonic, or the chord's tones. [any]"""
    key, chord = key_in_force(context, constraints), context.chord_at(tick)
    if chord is not None:
        tones = chord_classes(chord)[:3]
        return tones if key is None or key[0] not in tones else tuple(dict.fromkeys((key[0], *tones)))
    if key is not None:
        tonic, mode = key
        return tonic, (tonic + (3 if mode else 4)) % 12, (tonic + 7) % 12
    held: Counter[int] = Counter()
    for note in line:
        held[note.pitch % 12] += note.duration
    return tuple(pitch_class for pitch_class, _ in held.most_common(1)) or (0,)


def nearest(free: np.ndarray, target: float) -> int | None:
    """The allowed pitch nearest to a target, the lower of two; None: none is allowed. [any]"""
    pitches = np.flatnonzero(free)
    return int(pitches[np.abs(pitches - target).argmin()]) if len(pitches) else None
