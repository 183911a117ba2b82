"""What a phrase of a few bars is like, in figures that generated and human phrases can be held against each other by.

Sources: Yang & Lerch, On the evaluation of generative models in music, 2018 (pitch range, note count, histograms); Dong
et al., MuseGAN, 2018, and MusPy, 2020 (scale consistency, pitch-class entropy); Wu & Yang, The Jazz Transformer on the
front line, 2020 (grooving similarity, structure); von Hippel & Huron, Why do skips precede reversals?, 2000 (leaps).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log2, nan
from typing import NamedTuple

from daemon.generate.context import Meter
from daemon.generate.note import Note
from daemon.generate.scale import OF_MODE

SIXTEENTH = 6  # ticks
LEAP = 5  # semitones: wider than a fourth is a leap
_TRIADS = ((0, 4, 7), (0, 3, 7))


class Figures(NamedTuple):
    """Of one phrase. NaN: it has nothing of the kind."""

    in_scale: float  # share of its notes in the key's scale (minor: with both sevenths)
    entropy: float  # bits, of its pitch classes
    density: float  # notes a beat
    groove: (
        float  # share of the bars' sixteenths that are alike, struck or not, in the bar so many before, in the prompt
    )
    motifs: float  # share of its runs of three intervals that the prompt has too
    range: float  # semitones
    resolved: float  # share of leaps that a step back or a tone of the tonic triad follows
    on_tonic: float  # 1 if its last note is the tonic
    on_triad: float  # 1 if it is of the tonic triad


def figures(phrase: Sequence[Note], prompt: Sequence[Note], tonic: int, mode: int, meter: Meter, ticks: int) -> Figures:
    """Of a phrase of `ticks` that answers a prompt just as long, both lines in order of tick. [any]"""
    pitches = [note.pitch for note in phrase]
    degrees = [(pitch - tonic) % 12 for pitch in pitches]
    if not degrees:
        return Figures(nan, nan, 0.0, nan, nan, nan, nan, nan, nan)
    return Figures(
        sum(degree in OF_MODE[mode] for degree in degrees) / len(degrees),
        entropy(degrees),
        len(phrase) / (ticks / meter.beat_ticks),
        groove(phrase, prompt, ticks),
        shared(intervals(pitches), intervals([note.pitch for note in prompt])),
        max(pitches) - min(pitches),
        resolved(pitches, tonic, mode),
        float(degrees[-1] == 0),
        float(degrees[-1] in _TRIADS[mode]),
    )


def entropy(values: Sequence[int]) -> float:
    """Bits, of how often each value is."""
    return -sum(count / len(values) * log2(count / len(values)) for count in Counter(values).values())


def groove(phrase: Sequence[Note], prompt: Sequence[Note], ticks: int) -> float:
    """1 where a phrase strikes the sixteenths that the prompt struck, 0 where it strikes exactly the others."""
    one, two = ({note.tick % ticks // SIXTEENTH for note in line} for line in (phrase, prompt))
    return 1.0 - len(one ^ two) / (ticks / SIXTEENTH)


def intervals(pitches: Sequence[int]) -> list[int]:
    """From each note to the next, in semitones."""
    return [after - before for before, after in pairwise(pitches)]


def shared(one: Sequence[int], two: Sequence[int], run: int = 3) -> float:
    """The share of the runs of values in `one` that `two` has too."""
    own, its = ([tuple(values[k : k + run]) for k in range(len(values) - run + 1)] for values in (one, two))
    return sum(part in set(its) for part in own) / len(own) if own else nan


def resolved(pitches: Sequence[int], tonic: int, mode: int) -> float:
    """The share of leaps that are followed by a step back, or by a tone of the tonic triad."""
    moves = intervals(pitches)
    after = [
        (0 < abs(back) <= 2 and back * leap < 0) or (pitch - tonic) % 12 in _TRIADS[mode]
        for leap, back, pitch in zip(moves, moves[1:], pitches[2:], strict=False)
        if abs(leap) > LEAP
    ]
    return sum(after) / len(after) if after else nan
