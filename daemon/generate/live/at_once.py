"""A generator process's stand-in where nobody plays in real time: what it is asked for is made at once, in this process."""

from collections.abc import Sequence
from typing import Any

from daemon import registry
from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.link import Failed, Made
from daemon.generate.note import Played

Name = tuple[str, str]


class AtOnce:
    """What `player.Player` asks of a `worker.Worker`. [main]"""

    def __init__(self) -> None:
        self._made: dict[Name, Any] = {}
        self._answers: dict[int, Made | Failed] = {}
        self._number = 0

    def want(self, role: str, name: str, target: str) -> None:
        """Make a generator. Raises UserError where it cannot be made."""
        if (role, name) not in self._made:
            self._made[role, name] = registry.made(target)

    def is_ready(self, role: str, name: str) -> bool:
        """Whether it can be asked."""
        return (role, name) in self._made

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Tell all generators what was played."""
        for generator in self._made.values():
            generator.hear(notes, context)

    def ask(self, role: str, name: str, context: Context, constraints: Constraints, length: int, due_ns: int) -> int:
        """Have something made, and wait for it; its number. Raises what the generator raises, unless it is UserError."""
        generator, self._number = self._made[role, name], self._number + 1
        answer: Made | Failed
        try:
            if role == "harmony":
                answer = Made(self._number, [], list(generator.foresee(context, length)), 0.0)
            else:
                answer = Made(self._number, list(generator.play(context, constraints, length)), [], 0.0)
        except UserError as error:
            answer = Failed(self._number, str(error))
        self._answers[self._number] = answer
        return self._number

    def cancel(self, number: int) -> None:
        """Nobody needs it any more."""
        self._answers.pop(number, None)

    def take(self, number: int) -> Made | Failed | None:
        """The answer, once."""
        return self._answers.pop(number, None)
