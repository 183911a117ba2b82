"""The casting: which model does which task, and what becomes of one that is put in another's place.

Models run in the band's process, in the recommender's and in the one that hears; each makes another one ready beside the
one that is used, and puts it in its place between two answers, or two frames. Here the commands come in, are looked at,
and are passed on.
"""

from collections.abc import Sequence
from typing import Any

import zmq

from daemon import messages as m
from daemon.bandstand import Bandstand
from daemon.booth import Booth
from daemon.desk.commands.command import Command
from daemon.desk.commands.models import ModelUse
from daemon.errors import UserError
from daemon.hearing.room import Hearing
from daemon.models import card, shelf
from daemon.models.contract import TASKS
from daemon.room import PATIENT_MS
from daemon.service.router import Reply

MOST = 16  # models that one batch may put in place


class Casting:
    """[main]"""

    def __init__(self, stand: Bandstand, booth: Booth, hearing: Hearing) -> None:
        """Whose processes run the models."""
        self._stand, self._booth, self._hearing = stand, booth, hearing

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.models) carried out in turn; `reply` is called once, now or later.

        What can be seen at once is seen before the first is carried out; what is refused later ends the batch there.
        """
        wanted: list[tuple[str, str]] = []
        if len(commands) > MOST:
            reply({"error": {"code": 413, "text": f"{len(commands)} models at once; {MOST} are the most"}})
            return
        for at, command in enumerate(commands):
            assert isinstance(command, ModelUse)
            name = command.model or shelf.OWN
            try:
                _look(command.task, name)
            except UserError as error:
                reply({"error": {"code": 404, "text": str(error), "at": at}})
                return
            wanted.append((command.task, name))
        if check:
            reply({"ok": True, "results": [None] * len(wanted)})
        else:
            self._next(wanted, [], reply)

    def attend(self, poller: zmq.Poller) -> int:
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        pass

    def begin(self, rate: int) -> None:
        pass

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        return []

    def close(self) -> None:
        pass

    def _next(self, wanted: list[tuple[str, str]], results: list[Any], reply: Reply) -> None:
        """Carry out the command after those whose `results` are there, and so on."""
        if len(results) == len(wanted):
            reply({"ok": True, "results": results})
            return
        task, name = wanted[len(results)]

        def done(answer: dict[str, Any]) -> None:
            if "error" in answer:
                reply({"error": {**answer["error"], "at": len(results)}})
            else:
                self._next(wanted, [*results, *answer["results"]], reply)

        if task == "next":
            self._booth.use(name, done)
        elif task == "hearing":
            self._hearing.use(name, done)
        else:
            self._stand.use(task, name, done)


def _look(task: str, name: str) -> None:
    """Whether there is such a model for the task, as far as its card says. Raises UserError."""
    if task not in TASKS:
        shelf.folder_of(task, name)  # says why not
    if not shelf.is_remote(name):
        found = card.read(shelf.folder_of(task, name))
        if found.task != task:
            raise card.ModelError(f"{name} is a model of {found.task}, and not of {task} (`jamd models list`)")
