"""The band's worker as it was then: who was there, and what came when. What came is also made anew, and compared."""

from collections.abc import Mapping, Sequence
from typing import Any

from daemon import messages as m
from daemon import registry
from daemon.errors import UserError
from daemon.flight.compare import Difference, Tally
from daemon.flight.link import Asked, Came, CanPlay, Item, Words
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.link import Failed, Made
from daemon.generate.note import Played
from daemon.models import shelf
from daemon.models.opening import open_model

Name = tuple[str, str]
KIND = "made by a slow generator"


class AsThen:
    """What daemon.generate.live.player asks of a worker. [main]"""

    def __init__(self, tally: Tally, notes: list[str], environment: Mapping[str, str] | None = None) -> None:
        """`environment`: what the generator process had beside this one's; it comes from the recording, and is only read."""
        self._environment = environment or {}
        self._tally, self._notes = tally, notes
        self._said: list[m.Message] = []
        self._ready: set[Name] = set()
        self._numbers: list[int] = []  # for what is asked next
        self._answers: dict[int, Made | Failed] = {}
        self._asked: dict[int, tuple[str, str, Context, Constraints, int]] = {}
        self._targets: dict[Name, str] = {}
        self._generators: dict[Name, Any] = {}
        self._models: dict[str, str] = {}  # task -> the model that is said to do it
        self._swapped = 0  # what was asked before this number may have been answered by another model

    def happens(self, item: Item) -> None:
        """Something that happens in the turn that comes, where it is the worker's."""
        if isinstance(item, Words):
            self._said += item.said
            for one in item.said:
                if isinstance(one, m.Model):
                    self._use(one)
        elif isinstance(item, CanPlay):
            (self._ready.add if item.is_ready else self._ready.discard)((item.role, item.name))
        elif isinstance(item, Asked):
            self._numbers.append(item.number)
        elif isinstance(item, Came):
            self._answers[item.number] = item.answer
            self._again(item)

    def want(self, role: str, name: str, target: str) -> None:
        self._targets[role, name] = target

    def is_ready(self, role: str, name: str) -> bool:
        return (role, name) in self._ready

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

    def _use(self, said: m.Model) -> None:
        """Another model does a task."""
        if said.state == "refused" or self._models.get(said.task) == said.name:
            return
        if said.task in self._models:
            self._swapped = max(self._asked, default=self._swapped) + 1
        self._models[said.task] = said.name
        self._generators = {key: one for key, one in self._generators.items() if _task(one) != said.task}

    def _again(self, came: Came) -> None:
        """What came, made by a generator of this process."""
        asked, answer = self._asked.pop(came.number, None), came.answer
        if asked is None or not isinstance(answer, Made) or came.number < self._swapped:
            return
        role, name, context, constraints, length = asked
        try:
            generator = self._generators.get((role, name))
            if generator is None:
                generator = self._generators[role, name] = self._made(role, name)
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

    def _made(self, role: str, name: str) -> Any:
        """A generator with the model that did its task then. Raises UserError."""
        kind = registry.kind(self._targets[role, name])
        task = _task(kind)
        if not task:
            return kind()
        model = self._models.get(task) or self._environment.get(shelf.variable(task)) or shelf.chosen(task)
        if shelf.is_remote(model):
            raise UserError(f"its model was asked elsewhere ({model})")
        return kind(open_model(task, model))


def _task(generator: Any) -> str:
    return getattr(generator, "task", "")
