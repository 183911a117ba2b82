"""The modes of playing together: when jamd is to play, for how long, and when it is to stop. Pure, in ticks. [main]

What it plays then is another's affair (`solo`). Tick 0 is a downbeat, and so is every whole bar.
"""

import math
from typing import NamedTuple, Protocol

from daemon.generate.context import Meter

SILENT_BEATS = 1  # a note in the last so many beats before a bar line is an upbeat to it
THROUGH = 2  # onsets through an answer, by which jamd yields


class Plan(NamedTuple):
    """jamd is to play from `tick` on for `ticks`, whole bars. `copies`: what was played so many ticks before, as it was."""

    tick: int
    ticks: int
    copies: int = 0

    @property
    def end(self) -> int:
        """The first tick after it."""
        return self.tick + self.ticks


class Mode(Protocol):
    """Fed what the player does, in order of time."""

    def onset(self, tick: float) -> bool:
        """The player strikes a note. True: jamd is to stop at once."""

    def closed(self, end: float) -> None:
        """The player's phrase has ended; its last note ended at `end`."""

    def cue(self, tick: float) -> bool:
        """The performer gives the sign. True: jamd is to stop at once."""

    def plan(self, tick: float, soonest: float) -> Plan | None:
        """What jamd is to play next, at `soonest` or later, as things are now; None: nothing."""

    def begun(self, plan: Plan) -> None:
        """A plan is decided, and is not asked about any more."""


class _Bars:
    """What all have in common: a number of bars, and the meter."""

    def __init__(self, bars: int, meter: Meter) -> None:
        self._bar, self._beat = meter.bar_ticks, meter.beat_ticks
        self._turn = bars * self._bar
        self._busy: Plan | None = None

    def _line(self, tick: float) -> int:
        """The bar line where what begins at a tick begins; an upbeat belongs to the bar after it."""
        return int((tick + SILENT_BEATS * self._beat) // self._bar) * self._bar

    def _next_line(self, soonest: float) -> int:
        return math.ceil(soonest / self._bar) * self._bar

    def closed(self, end: float) -> None:
        pass

    def cue(self, tick: float) -> bool:
        return False

    def begun(self, plan: Plan) -> None:
        self._busy = plan


class Answer(_Bars):
    """Call and response: when the player's phrase has ended, or so many bars have passed, jamd answers with as many.

    Who plays on through the answer is yielded to.
    """

    def __init__(self, bars: int, meter: Meter) -> None:
        super().__init__(bars, meter)
        self._from: int | None = None  # the bar line of the phrase that waits for its answer
        self._ended: float | None = None
        self._through: list[float] = []
        self._planned: Plan | None = None  # once the phrase has ended

    def onset(self, tick: float) -> bool:
        self._ended = self._planned = None
        busy = self._busy
        if busy is not None and tick < busy.end - self._beat:
            if tick >= busy.tick + self._beat:
                self._through.append(tick)
            if len(self._through) < THROUGH:
                return False
            self._busy, self._from = None, self._line(self._through[0])
            return True
        if self._from is None:
            self._from = self._line(tick)
        return False

    def closed(self, end: float) -> None:
        if self._from is not None:
            self._ended = end

    def cue(self, tick: float) -> bool:
        """What was played until now is the phrase."""
        if self._from is not None:
            self._ended = tick
        return False

    def plan(self, tick: float, soonest: float) -> Plan | None:
        if self._busy is not None and tick >= self._busy.end:
            self._busy = None
        if self._from is None or self._busy is not None:
            return None
        full = self._from + self._turn
        if self._ended is None:
            return Plan(max(full, self._next_line(soonest)), self._turn)
        if self._planned is None:
            start = max(self._next_line(soonest), self._from + self._bar)
            bars = max(1, round((self._ended - self._from) / self._bar + 0.25))
            self._planned = Plan(min(start, full) if full >= soonest else start, min(bars * self._bar, self._turn))
        return self._planned

    def begun(self, plan: Plan) -> None:
        super().begun(plan)
        self._from = self._ended = self._planned = None
        self._through = []


class Trade(_Bars):
    """So many bars each, strictly on the bar line; it ends when the player leaves a turn of theirs empty."""

    def __init__(self, bars: int, meter: Meter) -> None:
        super().__init__(bars, meter)
        self._origin: int | None = None
        self._onset = 0.0

    def onset(self, tick: float) -> bool:
        self._onset = tick
        if self._origin is None:
            self._origin = self._line(tick)
        return False

    def plan(self, tick: float, soonest: float) -> Plan | None:
        if self._origin is None:
            return None
        rounds = math.ceil((soonest - self._origin - self._turn) / (2 * self._turn))
        start = self._origin + self._turn + max(0, rounds) * 2 * self._turn
        if start - tick < self._beat and self._onset < start - self._turn - self._beat:
            self._origin = None
            return None
        return Plan(start, self._turn)


class Continue(_Bars):
    """jamd takes over when the player stops, and goes on until they play again."""

    def __init__(self, bars: int, meter: Meter) -> None:
        super().__init__(bars, meter)
        self._next: int | None = None  # where it goes on
        self._has_ended = False

    def onset(self, tick: float) -> bool:
        plays = self._next is not None
        self._next, self._has_ended = None, False
        return plays

    def closed(self, end: float) -> None:
        self._has_ended = self._next is None

    def cue(self, tick: float) -> bool:
        """Take over, or stop."""
        plays = self._next is not None
        self._next, self._has_ended = None, not plays
        return plays

    def plan(self, tick: float, soonest: float) -> Plan | None:
        if self._next is None and self._has_ended:
            self._next, self._has_ended = self._next_line(soonest), False
        if self._next is None:
            return None
        return Plan(self._next if self._next >= soonest else self._next_line(soonest), self._turn)

    def begun(self, plan: Plan) -> None:
        super().begun(plan)
        self._next = plan.end


class Loop(_Bars):
    """What the player plays in so many bars is played back, first as it was and then varied, until a cue records anew."""

    def __init__(self, bars: int, meter: Meter) -> None:
        super().__init__(bars, meter)
        self._origin: int | None = None

    def onset(self, tick: float) -> bool:
        if self._origin is None:
            self._origin = self._line(tick)
        return False

    def cue(self, tick: float) -> bool:
        self._origin = None
        return True

    @property
    def recorded(self) -> tuple[int, int] | None:
        """The first tick of what was recorded, and the first after it."""
        return None if self._origin is None else (self._origin, self._origin + self._turn)

    def plan(self, tick: float, soonest: float) -> Plan | None:
        if self._origin is None:
            return None
        first = self._origin + self._turn
        passes = max(0, math.ceil((soonest - first) / self._turn))
        return Plan(first + passes * self._turn, self._turn, 0 if passes else self._turn)


MODES: dict[str, type[Answer | Trade | Continue | Loop]] = {
    "answer": Answer,
    "trade": Trade,
    "continue": Continue,
    "loop": Loop,
}
"""Those in which jamd plays alone; in "accompany" it does not."""
