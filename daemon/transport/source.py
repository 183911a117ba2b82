"""What may lead: each source says where it is and how fast it goes, or that it is not there."""

from typing import NamedTuple, Protocol


class Aim(NamedTuple):
    """At `at_s` the source is on `beat` and goes on at `rate` beats a second."""

    at_s: float
    beat: float | None  # None: it says only how fast
    rate: float
    has_bar: bool = False  # `beat` says where in the bar it is; else only where in the beat
    playing: bool | None = None  # None: it does not say
    confidence: float = 1.0
    moves: int = 0  # how often it has gone elsewhere in the song


class Source(Protocol):
    """One that may lead. Pure: it reads no clock. [main]"""

    def aim(self, now_s: float) -> Aim | None:
        """Where it is by what is known at `now_s`; None: it is not there."""
