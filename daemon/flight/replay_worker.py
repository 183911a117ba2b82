"""The band's worker as it was then: who was there, and what came when. What came is also made anew, and compared."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from daemon import messages as m
from daemon import registry
from daemon.flight.compare import Difference, Tally
from daemon.flight.link import Asked, Came, CanPlay, Item, Words
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.link import Failed, Made
from daemon.generate.note import Played

Name = tuple[str, str]
KIND = "made by a slow generator"


class AsThen:
    """What daemon.generate.live.player asks of a worker. [main]"""

    def __init__(self, tally: Tally, notes: list[str], environment: Mapping[str, str] | None = None) -> None:
        """`environment`: the generator process's own."""
        os.environ.update(environment or {})
        self._tally, self._notes = tally, notes
        self._said: list[m.Message] = []
        self._ready: set[Name] = set()
        self._numbers: list[int] = []  # for what is asked next
        self._answers: dict[int, Made | Failed] = {}
        self._asked: dict[int, tuple[str, str, Context, Constraints, int]] = {}
        self._targets: dict[Name, str] = {}
        self._generators: dict[Name, Any] = {}

    def happens(self, item: Item) -> bool:
        """Something that happens in the turn that comes. False: it is not the worker's."""
        if isinstance(item, Words):
            self._said += item.said
        elif isinstance(item, CanPlay):
            (self._ready.add if item.is_ready else self._ready.discard)((item.role, item.name))
        elif isinstance(item, Asked):
            self._numbers.append(item.number)
        elif isinstance(item, Came):
            self._answers[item.number] = item.answer
            self._again(item)
        else:
            return False
        return True

    def want(self, role: str, name: str, target: str) -> None:
        self._targets[role, name] = target

    def is_ready(self, role: str, name: str) -> bool:
        return (role, name) in self._ready

    def missing(self, role: str, name: str) -> str:
        return ""

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        for generator in self._generators.values():
            generator.hear(notes, context)

    def ask(self, role: str, name: str, context: Context, constraints: Constraints, length: int, due_ns: int) -> int:
        number = self._numbers.pop(0) if self._numbers else 0
        if number:
            self._asked[number] = role, name, context, constraints, length
        return number

    def cancel(self, number: int) -> None:
        self._answers.pop(number, None)
        self._asked.pop(number, None)

    def take(self, number: int) -> Made | Failed | None:
        return self._answers.pop(number, None)

    def turn(self) -> list[m.Message]:
        said, self._said = self._said, []
        return said

    def close(self) -> None:
        pass

    def _again(self, came: Came) -> None:
        """What came, made by a generator of this process."""
        asked, answer = self._asked.pop(came.number, None), came.answer
        if asked is None or not isinstance(answer, Made):
            return
        role, name, context, constraints, length = asked
        try:
            generator = self._generators.get((role, name))
            if generator is None:
                generator = self._generators[role, name] = registry.made(self._targets[role, name])
            if role == "harmony":
                same = list(generator.foresee(context, length)) == answer.chords
            else:
                same = list(generator.play(context, constraints, length)) == answer.notes
        except Exception as error:
            line = f"{role}:{name} cannot be made anew: {error}; its recorded answers are played"
            if line not in self._notes:
                self._notes.append(line)
            return
        if same:
            self._tally.same(KIND)
        else:
            about = {"generator": f"{role}:{name}", "tick": context.tick}
            self._tally.differs(Difference(KIND, context.tick, about, about), False)
