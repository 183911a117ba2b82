"""One request while it waits and is worked on."""

import asyncio
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from daemon.errors import Refused

if TYPE_CHECKING:
    from daemon.service.worker import Worker


class Job:
    """State only. [front]"""

    __slots__ = ("as_json", "command", "future", "name", "number", "service", "timer", "who", "worker")

    def __init__(
        self,
        number: int,
        who: Hashable,
        name: Any,
        service: str,
        command: bytes,
        as_json: bool,
        future: asyncio.Future[Any],
    ) -> None:
        self.number = number
        self.who, self.name = who, name  # the client, and the id that it gave
        self.service = service  # analyse, generate ...
        self.command = command  # msgpack
        self.as_json = as_json  # the result's encoding
        self.future = future
        self.timer: asyncio.TimerHandle
        self.worker: Worker | None = None  # who works on it

    def refuse(self, refused: Refused) -> None:
        """Unless it is answered already."""
        if not self.future.done():
            self.future.set_exception(refused)
