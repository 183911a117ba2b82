"""Generators for tests of who looks after generators: one that is well, and one for each way to go wrong."""

import os
import random
import signal
import time

from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.note import Note


class Well:
    """An eighth on each beat, of a seeded pitch."""

    def hear(self, notes, context: Context) -> None:
        pass

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        dice = random.Random(f"{constraints.seed}/{context.tick}")
        pitches = range(constraints.low, constraints.high + 1)
        return [Note(context.tick + k, 12, dice.choice(pitches), 90) for k in range(0, ticks, 24)]

    def foresee(self, context: Context, beats: int) -> list[ChordSpan]:
        return [ChordSpan(context.tick, context.tick // 24 % 12, 1)]


class Counts(Well):
    """Plays as many notes as it has heard."""

    def __init__(self) -> None:
        self.heard = 0

    def hear(self, notes, context: Context) -> None:
        self.heard += len(notes)

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        return [Note(context.tick + k, 1, 60) for k in range(self.heard)]


class Slow(Well):
    """Takes half a second, but for its first."""

    first = True

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        if not self.first:
            time.sleep(0.5)
        self.first = False
        return super().play(context, constraints, ticks)


class Stalls(Well):
    """Never comes back, but for its first."""

    first = True

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        while not self.first:
            time.sleep(1.0)
        self.first = False
        return super().play(context, constraints, ticks)


class Truncated(Well):
    """Its model cannot be read."""

    def __init__(self) -> None:
        raise UserError("phrase.onnx: ends before its end; copy it again")


class Dies(Well):
    """Takes its process along as soon as it is made."""

    def __init__(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Errs(Well):
    """A defect, but not at first."""

    first = True

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        if self.first:
            self.first = False
            return []
        raise ZeroDivisionError("of a test's")
