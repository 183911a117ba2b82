"""The models of the generator process: one for each task, and another that is made ready beside it.

The other is loaded, checked, warmed up and told what was played last on a thread; of the same rank as the others, for one
below them would keep the interpreter's lock from them where the machine is busy. It takes the first one's place between
two answers; where it is refused the first one stays.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

from daemon.errors import UserError
from daemon.generate.live.link import Hear
from daemon.models import shelf
from daemon.models.card import ModelError
from daemon.models.link import Model
from daemon.models.opening import News, Opened, open_model

HEARS_NS = 250_000_000  # what is played may be heard by a model elsewhere

Name = tuple[str, str]
"""(role, name) of a generator."""


class Swap(threading.Thread):
    """Makes a model ready; `opened` and `generators` are there when it has ended, or `reason`."""

    def __init__(self, task: str, model: str, kinds: dict[Name, Any], warm: Any, heard: Hear | None) -> None:
        super().__init__(daemon=True)
        self.task, self.model = task, model
        self.opened: Opened | None = None
        self.generators: dict[Name, Any] = {}
        self.reason = ""
        self._kinds, self._warm, self._heard = kinds, warm, heard

    def run(self) -> None:
        try:
            opened = open_model(self.task, self.model)
            for key, kind in self._kinds.items():
                generator = kind(opened)
                self._warm(generator, key[0])
                _catch_up(generator, self._heard)
                self.generators[key] = generator
            self.opened = opened
        except Exception as error:
            self.reason = str(error) if isinstance(error, UserError) else f"it does not play: {error!r}"


class Cast:
    """[main] of the generator process."""

    def __init__(self, warm: Any) -> None:
        """`warm(generator, role)` lets one play once; it raises where that fails."""
        self._warm = warm
        self._opened: dict[str, Opened] = {}
        self._swap: Swap | None = None
        self._next: dict[str, str] = {}  # task -> model that is to be made ready, too
        self._said: list[Model] = []

    @property
    def is_busy(self) -> bool:
        """Whether a model is being made ready."""
        return self._swap is not None

    def opened(self, task: str) -> Opened:
        """The task's model. One that was chosen and is refused is said, and jamd's own is taken. Raises ModelError."""
        if task not in self._opened:
            why = ""
            try:
                one = open_model(task)
            except ModelError as error:
                if shelf.preferred(task) in ("", shelf.OWN, task):
                    raise
                why = str(error)
                self._said.append(Model(task, shelf.preferred(task), "refused", why))
                one = open_model(task, task)
            self._opened[task] = one
            self._said.append(_used(task, one, why))
        return self._opened[task]

    def until(self, task: str, ns: int) -> None:
        """What is asked of the task's model is due then (CLOCK_MONOTONIC)."""
        if task in self._opened:
            self._opened[task].deadline.at_ns = ns

    def hears(self) -> None:
        """All are about to be told what was played."""
        for one in self._opened.values():
            one.deadline.at_ns = time.monotonic_ns() + HEARS_NS

    def use(self, task: str, model: str) -> None:
        """Have another made ready; of several for a task the newest."""
        if task in self._next:
            self._said.append(Model(task, self._next[task], "refused", "another was asked for", asked=self._next[task]))
        self._next[task] = model

    def turn(self, generators: dict[Name, Any], heard: Hear | None) -> Iterator[Model]:
        """Between two answers: put what is ready in its place among `generators`, and begin what is next."""
        swap = self._swap
        if swap is not None and not swap.is_alive():
            self._swap = None
            yield self._take(swap, generators, heard)
        if self._swap is None and self._next:
            task = next(iter(self._next))
            kinds = {key: type(one) for key, one in generators.items() if getattr(one, "task", "") == task}
            self._swap = Swap(task, self._next.pop(task), kinds, self._warm, heard)
            self._swap.start()
        said, self._said = self._said, []
        yield from said
        for task, opened in self._opened.items():
            while opened.news:
                yield opened.said(task, opened.news.popleft())

    def _take(self, swap: Swap, generators: dict[Name, Any], heard: Hear | None) -> Model:
        """All of the task's generators at once, or none."""
        new: dict[Name, Any] = {}
        try:
            for key, one in generators.items() if swap.opened is not None else ():
                if getattr(one, "task", "") == swap.task:  # one that was loaded meanwhile is made now
                    new[key] = swap.generators.get(key) or type(one)(swap.opened)
                    _catch_up(new[key], heard)
        except Exception as error:
            swap.opened, swap.reason = None, f"it does not play: {error!r}"
        if swap.opened is None:
            return Model(swap.task, swap.model, "refused", swap.reason, asked=swap.model)
        generators |= new
        self._opened[swap.task] = swap.opened
        return _used(swap.task, swap.opened, asked=swap.model)


def _catch_up(generator: Any, heard: Hear | None) -> None:
    """What it has not been told yet of what was played."""
    if heard is not None:
        generator.hear(list(heard.context.heard), heard.context)


def _used(task: str, one: Opened, error: str = "", asked: str = "") -> Model:
    """One that is asked elsewhere has said itself how it fares."""
    news = one.news.popleft() if one.news else News("used", error)
    return one.said(task, news, asked)
