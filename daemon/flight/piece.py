"""A piece of a take: what of a segment lies where in which file."""

from typing import NamedTuple

from daemon.flight.segment import Segment


class Piece(NamedTuple):
    """Samples [begin, end) of a segment's stream, which lie at `at` of a file."""

    segment: Segment
    begin: int
    end: int
    at: int
    file: int  # number of the WAV
