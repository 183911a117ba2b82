"""How a melody is looked at to foresee its next note: by interval, by degree of the scale, by place in the bar.

Conklin & Witten, Multiple viewpoint systems for music prediction, 1995. A viewpoint says of each note which context it
came after, in every order, and as what the note is counted in it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from daemon.generate.deep import alphabet
from daemon.scoring.ppm import EMPTY
from daemon.train.generator.corpus import Piece, melody
from daemon.train.generator.examples import meters_of

TARGETS = ("time", "pitch", "duration")
"""The symbols of a note, in the order in which they are foretold."""

SYMBOLS = {"time": len(alphabet.VALUES), "pitch": alphabet.PITCHES, "duration": len(alphabet.VALUES)}
"""How many there are of each."""

_NONE = -1  # before the piece


class Line(NamedTuple):
    """A melody's symbols and what is known beside them: int64 (n,) each, of every note."""

    time: np.ndarray
    pitch: np.ndarray  # MIDI
    duration: np.ndarray
    place: np.ndarray  # in its bar, and the bar's length
    interval: np.ndarray  # from the note before
    degree: np.ndarray  # semitones above the tonic, octaves kept apart, and the mode
    tonic: int


def line(piece: Piece) -> Line:
    """Of a piece's melody, which has a note or more."""
    notes = melody(piece)
    meters = meters_of(piece, notes)
    time, pitch, duration = alphabet.steps(notes, int(meters[0, 1])).T.astype(np.int64)
    onset = np.cumsum(alphabet.VALUES[time])
    bar = np.maximum(np.searchsorted(meters[:, 0], onset, "right") - 1, 0)
    place = _linked((onset - meters[bar, 0]) % meters[bar, 1], meters[bar, 1])
    interval = np.full(len(pitch), _NONE)
    interval[1:] = np.diff(pitch) + alphabet.PITCHES
    return Line(time, pitch, duration, place, interval, (pitch - piece.tonic + 12) * 2 + piece.mode, piece.tonic)


def _linked(*parts: np.ndarray) -> np.ndarray:
    """Several values as one."""
    found, known = np.zeros(len(parts[0]), np.int64), np.ones(len(parts[0]), bool)
    for part in parts:
        found, known = found * 1021 + part, known & (part >= 0)
    return np.where(known, found, _NONE)


def _before(values: np.ndarray, notes: int) -> np.ndarray:
    """The values of so many notes ago."""
    found = np.full(len(values), _NONE, np.int64)
    if notes < len(values):
        found[notes:] = values[: len(values) - notes]
    return found


class View(NamedTuple):
    """A viewpoint on one of a note's symbols."""

    context: Callable[[Line, int], list[np.ndarray]]  # nearest first, of so many notes back
    counted: str = ""  # a pitch as "interval" or "degree"; else the symbol itself


def _rests(m: Line, k: int) -> np.ndarray:
    """A note's duration and the time from it to the next."""
    return _linked(_before(m.time, k - 1), _before(m.duration, k))


def _back(m: Line, order: int, *each: Callable[[Line, int], np.ndarray]) -> list[np.ndarray]:
    return [one(m, k) for k in range(1, order + 1) for one in each]


def _interval(m: Line, k: int) -> np.ndarray:
    return _before(m.interval, k)


def _degree(m: Line, k: int) -> np.ndarray:
    return _before(m.degree, k)


def _rhythm(m: Line, k: int) -> np.ndarray:
    return _linked(_before(m.time, k), _before(m.duration, k + 1))


VIEWS: dict[str, tuple[View, ...]] = {
    "time": (
        View(lambda m, n: [_before(m.duration, 1), _before(m.place, 1), *_back(m, n, _rhythm)]),
        View(lambda m, n: [_before(m.duration, 1), *_back(m, n, _rhythm)]),
    ),
    "pitch": (
        View(lambda m, n: _back(m, n, _interval), "interval"),
        View(lambda m, n: [_degree(m, 1), m.place, *_back(m, n, _degree)[1:]], "degree"),
        View(lambda m, n: [_interval(m, 1), m.time, *_back(m, n, _interval, _rests)[1:]], "interval"),
        View(lambda m, n: [_degree(m, 1), m.time, *_back(m, n, _degree, _rests)[1:]], "degree"),
    ),
    "duration": (
        View(lambda m, n: [_linked(m.time, _before(m.duration, 1)), m.place, *_back(m, n, _rhythm)]),
        View(
            lambda m, n: [m.place, m.time, _before(m.duration, 1), m.interval, *_back(m, n, _rhythm, _interval)],
        ),
        View(lambda m, n: [m.time, _before(m.duration, 1), *_back(m, n, _rhythm)]),
    ),
}
"""What the models of each symbol look at."""

UNIGRAM = {target: (View(lambda m, n: []),) for target in TARGETS}
"""Nothing but how often a symbol is."""

BIGRAM = {
    "time": (View(lambda m, n: [_before(m.duration, 1)]),),
    "pitch": (View(lambda m, n: [_before(m.pitch, 1)]),),
    "duration": (View(lambda m, n: [_before(m.duration, 1)]),),
}
"""The one symbol that says most."""


class Seen(NamedTuple):
    """A melody from a viewpoint."""

    contexts: np.ndarray  # uint64 (n, orders), shortest first: ppm.EMPTY where there is none
    symbols: np.ndarray  # int64 (n,): as they are counted
    shift: np.ndarray  # int64 (n,): to be added to have the target's own symbol


def seen(view: View, target: str, m: Line, order: int) -> Seen:
    """A melody's contexts from a viewpoint, of `order` notes at most, and what followed."""
    n = len(m.pitch)
    elements = view.context(m, order)
    contexts = np.zeros((n, len(elements) + 1), np.uint64)
    contexts[:, 0] = hashed = np.full(n, 0x9E3779B97F4A7C15, np.uint64)
    known = np.ones(n, bool)
    for k, element in enumerate(elements, 1):
        known = known & (element >= 0)
        hashed = (hashed ^ element.astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
        hashed = hashed ^ (hashed >> np.uint64(29))
        hashed = hashed * np.uint64(0x94D049BB133111EB)
        hashed = hashed ^ (hashed >> np.uint64(32))
        contexts[:, k] = np.where(known, np.maximum(hashed, np.uint64(1)), EMPTY)
    values = np.asarray(getattr(m, target))
    shift = np.zeros(n, np.int64)
    if view.counted == "degree":
        shift[:] = m.tonic
    elif view.counted == "interval":
        shift[1:] = values[:-1]
        contexts[:1] = EMPTY  # a first note has no interval
    return Seen(contexts, values - shift, shift)
