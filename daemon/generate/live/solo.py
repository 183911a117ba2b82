"""The soloist: what the mode plans is asked for while the player still plays, and decided a moment before its downbeat."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.modes import Loop, Mode, Plan
from daemon.generate.live.moment import Moment
from daemon.generate.live.player import Player, Taken
from daemon.generate.note import MELODY, Note, Played

LEAD_S = 0.13  # before the downbeat it is decided; the schedule hands notes on later than that
HORIZON_S = 4.0  # before that moment it is first asked for,
AGAIN_S = 0.25  # and again as the player plays on, at most so often

Known = Callable[[int], Context]
"""What a generator is told, for notes from a tick on."""


class Decided(NamedTuple):
    """What jamd will play."""

    plan: Plan
    taken: Taken
    seed: int


class Solo:
    """[main]"""

    def __init__(self, mode: Mode, player: Player) -> None:
        self.mode, self.player = mode, player
        self._plan: Plan | None = None
        self._asked_at: float | None = None  # seconds of the stream
        self._is_stale = False  # more was played since
        self._end = 0  # of what was decided last

    def plays(self, tick: float) -> bool:
        """Whether an answer sounds at a tick."""
        return tick < self._end

    def onset(self, tick: float) -> bool:
        """The player strikes a note. True: what jamd plays is to be taken back."""
        self._is_stale = True
        return self._stops(self.mode.onset(tick), tick)

    def closed(self, end: float) -> None:
        """The player's phrase has ended."""
        self._is_stale = True
        self.mode.closed(end)

    def cue(self, tick: float) -> bool:
        """The performer's sign. True: what jamd plays is to be taken back."""
        return self._stops(self.mode.cue(tick), tick)

    def turn(self, moment: Moment, known: Known, constraints: Constraints) -> Decided | None:
        """Plan, ask, decide; at most one of the latter two, so that a turn is short."""
        soonest = moment.tick + moment.ticks(LEAD_S)
        if self._plan is not None and self._plan.tick <= soonest:
            return self._decide(moment, known, constraints)
        plan = self.mode.plan(moment.tick, soonest)
        if plan != self._plan:
            self._plan, self._asked_at = plan, None
            self.player.drop()
        if plan is None or plan.copies:
            return None
        self.player.look()
        left_s = moment.seconds_to(plan.tick) - LEAD_S
        since_s = None if self._asked_at is None else moment.seconds - self._asked_at
        if left_s <= HORIZON_S and (since_s is None or (self._is_stale and since_s >= AGAIN_S)):
            self._ask(plan, moment, known, constraints)
        return None

    def _ask(self, plan: Plan, moment: Moment, known: Known, constraints: Constraints) -> None:
        self._asked_at, self._is_stale = moment.seconds, False
        due_ns = moment.due_ns(moment.seconds_to(plan.tick) - LEAD_S)
        self.player.ask(self._shown(plan, known), constraints, plan.ticks, due_ns)

    def _decide(self, moment: Moment, known: Known, constraints: Constraints) -> Decided | None:
        plan, self._plan = self._plan, None
        assert plan is not None
        if plan.copies:
            notes = copied(known(plan.tick).heard, plan)
            taken: Taken | None = Taken(notes, [], "copy", "copy", False, 0.0)
        else:
            if self._asked_at is None:
                self._ask(plan, moment, known, constraints)
            taken = self.player.take()
        self._asked_at = None
        self.mode.begun(plan)
        if taken is None:
            return None
        self._end = plan.end
        return Decided(plan, taken, constraints.seed)

    def _shown(self, plan: Plan, known: Known) -> Context:
        """What the generator is told was played; of a loop, what was recorded, as if it had just been played."""
        context = known(plan.tick)
        recorded = self.mode.recorded if isinstance(self.mode, Loop) else None
        if recorded is None:
            return context
        shift = plan.tick - recorded[1]
        kept = tuple(
            note._replace(tick=note.tick + shift) for note in context.heard if recorded[0] <= note.tick < recorded[1]
        )
        return msgspec.structs.replace(context, heard=kept, phrase=0) if kept else context

    def _stops(self, is_over: bool, tick: float) -> bool:
        if is_over:
            self._end = min(self._end, int(tick))
            self._plan, self._asked_at = None, None
            self.player.drop()
        return is_over


def copied(heard: Sequence[Played], plan: Plan) -> list[Note]:
    """What was played `plan.copies` ticks before, once more."""
    found = []
    for note in heard:
        tick = note.tick + plan.copies
        if plan.tick <= tick < plan.end:
            found.append(Note(tick, min(note.duration, plan.end - tick), note.pitch, note.velocity, MELODY))
    return found
