"""One part's player: the generator that is wanted, and the one by rule that has its notes ready whatever happens."""

import time
import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple

from daemon import messages as m
from daemon import registry
from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.live.jam import BAND, HARMONY
from daemon.generate.live.link import Made
from daemon.generate.live.worker import ENDED, Worker
from daemon.generate.note import Note, Played


class Taken(NamedTuple):
    """What is played: notes, or chords; who made it, who should have; `late`: that one was asked, and too late."""

    notes: list[Note]
    chords: list[ChordSpan]
    generator: str
    wanted: str
    late: bool
    spare_s: float


class Player:
    """[main]"""

    def __init__(self, role: str, wanted: str, style: str, worker: Worker) -> None:
        """Raises UserError where the generator by rule cannot be made: that is a defect, or a style that is gone."""
        self.role, self.wanted = role, wanted
        self.said: list[m.Generator] = []
        self.ready = self.late = 0  # of the wanted one's answers, when they were taken
        self.is_slow = registry.is_slow(role, wanted)
        self.rule = next(iter(registry.GENERATORS[role])) if self.is_slow else wanted
        styled = [style] if role in BAND else []
        self._generator: Any = registry.made(registry.target(role, self.rule), *styled)
        self._worker = worker
        self._asked: list[int] = []  # in the worker, the newest last
        self._ruled: Taken | None = None
        self._made: tuple[Made, float] | None = None  # with when it came
        self._is_overdue = False  # the worker came to it too late
        self._failed = self._refused = ""  # how the rule, and the wanted one, failed last, until it does not
        if self.is_slow:
            worker.want(role, wanted, registry.target(role, wanted))

    @property
    def plays(self) -> str:
        """Who would play now."""
        return self.wanted if not self.is_slow or self._worker.is_ready(self.role, self.wanted) else self.rule

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """For the generator by rule; the worker's hear all at once."""
        try:
            self._generator.hear(notes, context)
        except Exception as error:
            self._fail(error)

    def ask(self, context: Context, constraints: Constraints, length: int, due_ns: int) -> None:
        """Have `length` ticks (of a harmony: beats) made; by rule they are at once.

        Asked again before it is taken, what was made from less is there until it is made anew.
        """
        self._ruled = self._play(context, constraints, length)
        self._is_overdue = False
        if self.is_slow:
            number = self._worker.ask(self.role, self.wanted, context, constraints, length, due_ns)
            if number:
                self._asked.append(number)

    def look(self) -> bool:
        """See what the worker has made; whether what is wanted is there."""
        for number in list(self._asked):
            answer = self._worker.take(number)
            if answer is None:
                continue
            self._asked.remove(number)
            if isinstance(answer, Made):
                self._made, self._refused = (answer, time.monotonic()), ""
            elif not isinstance(answer, Made) and not answer.reason:
                self._is_overdue = not self._asked  # or a newer ask took its place
            elif not isinstance(answer, Made) and answer.reason not in (
                ENDED,
                self._refused,
            ):  # of its end the worker speaks
                self._refused = answer.reason
                self.said.append(m.Generator(name=f"{self.role}:{self.wanted}", state="failed", error=answer.reason))
        return self._made is not None or (not self.is_slow and self._ruled is not None)

    def take(self) -> Taken | None:
        """What is played, now that it must be decided; None: nothing was asked for, or the rule failed."""
        self.look()
        ruled, made = self._ruled, self._made
        is_late = bool(self._asked) or self._is_overdue
        self.drop()
        if made is not None:
            self.ready += 1
            answer, came_at = made
            return Taken(answer.notes, answer.chords, self.wanted, self.wanted, False, time.monotonic() - came_at)
        if ruled is not None:
            self.ready += not self.is_slow
            if is_late:
                self.late += 1
                return ruled._replace(late=True)
        return ruled

    def drop(self) -> None:
        """What is being made is for nobody any more."""
        for number in self._asked:
            self._worker.cancel(number)
        self._asked, self._ruled, self._made, self._is_overdue = [], None, None, False

    def _play(self, context: Context, constraints: Constraints, length: int) -> Taken | None:
        try:
            if self.role == HARMONY:
                notes, chords = [], list(self._generator.foresee(context, length))
            else:
                notes, chords = list(self._generator.play(context, constraints, length)), []
        except Exception as error:
            self._fail(error)
            return None
        self._failed = ""
        return Taken(notes, chords, self.rule, self.wanted, False, 0.0)

    def _fail(self, error: Exception) -> None:
        """A defect of a rule's costs what it was to make; the daemon lives on. What fails again and again is said once."""
        before, self._failed = self._failed, str(error) or repr(error)
        if self._failed == before:
            return
        if not isinstance(error, UserError):
            traceback.print_exception(error)
        self.said.append(m.Generator(name=f"{self.role}:{self.rule}", state="failed", error=self._failed))
