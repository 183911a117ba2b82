"""The services' desk: takes requests from whoever asks, has the queue do their commands, and gives the answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.desk.commands import decode, services
from daemon.desk.commands.command import Command
from daemon.errors import Refused
from daemon.front.link import RELAYED_BYTES, Name
from daemon.service.queue import Queue
from daemon.service.router import Asked, Reply

OWN = ", ".join(str(kind.__struct_config__.tag) for kind in services.OWN)


class Desk:
    """[front]"""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """As daemon.service.router has it, for who asks by himself."""
        assert isinstance(reply, Asked)
        self._begin(reply, reply.who, reply.name, commands, check)

    def relayed(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """The same for those for whom the daemon asks: the id is a Name."""
        assert isinstance(reply, Asked)
        try:
            name = msgspec.convert(reply.name, Name)
        except msgspec.ValidationError:
            reply({"error": {"code": 400, "text": "here the daemon asks, and nobody else"}})
            return
        self._begin(reply, name.who, name.name, commands, check, RELAYED_BYTES)

    async def ask(self, who: str, packed: bytes) -> dict[str, Any]:
        """A command as JSON or msgpack; its result comes as JSON (msgspec.Raw). Cancelled, it is taken back."""
        try:
            command = decode(packed, packed.lstrip()[:1] == b"{")
        except Refused as refused:
            return {"error": {"code": refused.code, "text": str(refused)}}
        return await self._answer(("page", who), None, [command], True)

    async def close(self) -> None:
        """After the queue: until all are answered."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    def _begin(
        self, reply: Asked, who: Any, name: Any, commands: Sequence[Command], check: bool, most_bytes: int = 0
    ) -> None:
        async def work() -> None:
            answer = await self._answer(who, name, commands, reply.as_json, check)
            size = sum(len(one) for one in answer.get("results", ()) if isinstance(one, msgspec.Raw))
            if most_bytes and size > most_bytes:
                text = f"the answer has {size >> 20} MiB, {most_bytes >> 20} fit here; ask over HTTP, or `jamd serve`"
                answer = {"error": {"code": 413, "text": text}}
            reply(answer)

        task = asyncio.get_running_loop().create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, who: Any, name: Any, commands: Sequence[Command], as_json: bool, check: bool = False
    ) -> dict[str, Any]:
        """All commands of a batch at once; the first that fails is the answer, and the others are taken back."""
        given: list[Any] = []
        results: list[Any] = []
        try:
            for command in commands:
                given.append(None if check else self._ask(who, name, command, as_json))
            for one in given:
                results.append(msgspec.Raw(await one) if isinstance(one, asyncio.Future) else one)
            return {"ok": True, "results": results}
        except Refused as refused:
            at = len(results) if len(given) == len(commands) else len(given)
            return {"error": {"code": refused.code, "text": str(refused), "at": at}}
        finally:
            for one in given:
                if isinstance(one, asyncio.Future):
                    one.cancel()

    def _ask(self, who: Any, name: Any, command: Command, as_json: bool) -> Any:
        """A future of its result, or that itself. Raises Refused."""
        tag = str(command.__struct_config__.tag)
        if isinstance(command, services.Cancel):
            return {"id": command.id, "cancelled": self._queue.cancel(who, command.id)}
        if not isinstance(command, services.Analyse | services.Generate | services.Recommend | services.Models):
            raise Refused(409, f"{tag} is no service, but a command of a running daemon; services are {OWN}")
        within_s = command.deadline_ms / 1000.0
        try:
            packed = msgspec.msgpack.encode(command)
        except (OverflowError, RecursionError):
            raise Refused(422, f"{tag}: a number beyond 64 bits, or tables too deep in each other") from None
        return self._queue.ask(who, name, tag, packed, within_s, as_json)
