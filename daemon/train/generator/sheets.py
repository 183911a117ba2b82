"""Pieces as lead sheets on beats: the melody that sounds in each beat, and its chord, counted from the tonic."""

from typing import NamedTuple

import numpy as np

from daemon.generate.beats import line, measure
from daemon.generate.following import NONE, Chord, Line
from daemon.train.generator.corpus import Piece, melody

SETS = ("nottingham", "openewld", "pop909")
"""The collections with chords."""
LONGEST = 1600  # beats; what is longer is cut


class Sheet(NamedTuple):
    """A piece of n beats."""

    set: str
    name: str
    line: Line
    chords: list[Chord]  # n; NONE where there is none


def sheet(piece: Piece) -> Sheet:
    """A piece's sheet; the chord of a beat is the one that sounds when it begins."""
    notes = melody(piece)
    end = int((notes["tick"] + notes["duration"]).max())
    beats = line(piece.meters, end)[:LONGEST]
    plain = [(int(n["tick"]), int(n["duration"]), int(n["pitch"])) for n in notes]
    places = np.array([b.place for b in beats], np.int8)
    chords, k, now = [], 0, NONE
    for one in beats:
        while k < len(piece.chords) and piece.chords[k].tick <= one.tick:
            span = piece.chords[k]
            bass = -1 if span.bass < 0 or span.bass == span.root else (span.bass - piece.tonic) % 12
            now = Chord((span.root - piece.tonic) % 12, span.quality, bass) if span.quality else NONE
            k += 1
        chords.append(now)
    return Sheet(piece.set, piece.name, Line(beats, measure(beats, plain), places, piece.tonic, piece.mode), chords)


def sheets(pieces: list[Piece]) -> list[Sheet]:
    """Of those pieces that have chords, and more than a few."""
    found = [sheet(p) for p in pieces if p.set in SETS and len(p.chords) > 3]
    return [s for s in found if len(s.chords) >= 16 and sum(c.quality > 0 for c in s.chords) >= len(s.chords) // 2]
