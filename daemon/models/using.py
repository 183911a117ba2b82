"""The daemon's side of models in a process beside it: asks for another, answers who asked, and knows which is used."""

import time
from collections.abc import Callable
from typing import Any

from daemon import messages as m
from daemon.companion import Companion
from daemon.models import shelf
from daemon.models.link import Model, Use

USE_S = 60.0  # for another model to be made ready; beyond that the process is taken to hang in it

Reply = Callable[[dict[str, Any]], None]


class Using:
    """[main]"""

    def __init__(self, beside: Companion) -> None:
        """`beside` is the process, whose environment says what the next one begins with."""
        self.said: list[m.Message] = []  # to be published; whoever publishes empties it
        self._beside = beside
        self._asked: dict[tuple[str, str], tuple[Reply, float]] = {}  # (task, model) -> whom to answer; asked for when
        self._used: dict[str, Model] = {}  # task -> which does it

    def use(self, task: str, model: str, reply: Reply) -> None:
        """Have a task done by another model, as soon as that is ready; `reply` is called once, now or later."""
        if (task, model) in self._asked:
            _refuse(reply, 409, f"{model} is being made ready already")
        elif not self._beside.pid:
            self._beside.environment |= shelf.environment({task: model})
            reply(waiting(task, model))
        elif not self._beside.tell(Use(task, model)):
            _refuse(reply, 503, "the process that runs it does not listen; ask again")
        else:
            self._asked[task, model] = reply, time.monotonic()

    def heard(self, packet: Model) -> bool:
        """What the process says; whether another model does the task, as somebody has asked."""
        reply, _ = self._asked.pop((packet.task, packet.asked), (None, 0.0))
        said = m.Model(
            task=packet.task, name=packet.name, state=packet.state, error=packet.error, version=packet.version
        )
        if packet.state == "refused":
            self.said.append(said)
            if reply is not None:
                _refuse(reply, 422, packet.error)
            return False
        before, self._used[packet.task] = self._used.get(packet.task), packet
        asked, packet.asked = packet.asked, ""
        if packet != before:
            self.said.append(said)
        self._beside.environment |= shelf.environment({packet.task: asked})
        if reply is not None:
            result = {"task": packet.task, "model": packet.name, "version": packet.version, "state": packet.state}
            reply({"ok": True, "results": [result]})
        return bool(asked)

    def hangs(self, now: float) -> bool:
        """Whether one that was asked for has not become ready in time (CLOCK_MONOTONIC s)."""
        return any(now - asked_at > USE_S for _, asked_at in self._asked.values())

    def ended(self, how: str) -> None:
        """The process ended, in the words of daemon.companion.how; the next one begins with what was used."""
        for (task, model), (reply, _) in self._asked.items():
            why = f"the process {how} while {model} was made ready; what was used before goes on"
            self.said.append(m.Model(task=task, name=model, state="refused", error=why))
            _refuse(reply, 422, why)
        self._asked.clear()


def waiting(task: str, model: str) -> dict[str, Any]:
    """The answer where no process runs models yet: the first that does begins with it."""
    return {"ok": True, "results": [{"task": task, "model": model, "version": "", "state": "waiting"}]}


def _refuse(reply: Reply, code: int, text: str) -> None:
    reply({"error": {"code": code, "text": text}})
