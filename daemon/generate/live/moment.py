"""A moment of the stream, in samples and in ticks."""

import time
from typing import NamedTuple, Protocol

from daemon.generate.context import Meter


class Beat(Protocol):
    """The pulse, as daemon.generate.listening.pulse has it."""

    meter: Meter
    ready: bool

    @property
    def tempo_bpm(self) -> float: ...
    def tick_at(self, sample_time: float) -> float: ...
    def sample_at(self, tick: float) -> int: ...


class Moment(NamedTuple):
    """Now."""

    now: int  # sample
    rate: int
    tick: float
    pulse: Beat

    @property
    def seconds(self) -> float:
        """Since the stream began."""
        return self.now / self.rate

    def ticks(self, seconds: float) -> float:
        """How many ticks pass in the time from now on."""
        return self.pulse.tick_at(self.now + seconds * self.rate) - self.tick

    def seconds_to(self, tick: float) -> float:
        """How long it is until a tick."""
        return (self.pulse.sample_at(tick) - self.now) / self.rate

    def due_ns(self, seconds: float) -> int:
        """CLOCK_MONOTONIC in so many seconds."""
        return time.monotonic_ns() + round(seconds * 1e9)
