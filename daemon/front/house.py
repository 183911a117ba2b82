"""The front of house in one asyncio loop: the page and HTTP, the sockets for requests, the queue and its workers."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD
from daemon.curve import Gate
from daemon.desk.commands import decode, services
from daemon.front.desk import Desk
from daemon.front.ear import Ear
from daemon.front.link import Open
from daemon.service.frames import Begin
from daemon.service.queue import Queue
from daemon.service.router import Router
from daemon.service.worker import Worker

if TYPE_CHECKING:
    import uvicorn

REQUEST_BYTES = 32 << 20
UNDER_WAY = 16  # requests of one client at once
RELAYED = 512  # of the daemon's, which asks for many
TICK_S = 0.25
SAY_S = 1.0
STARTING = "the services start; the first answer comes when that is done, which the first time can take a minute"
WORKER = [sys.executable, "-m", "daemon.answering.process"]


class House:
    """Made, then `serve`. [front]"""

    def __init__(
        self, opening: Open, alive: Callable[[], None], say: Callable[[m.Service], None], gate: Gate | None = None
    ) -> None:
        """`alive` is called several times a second, `say` with how the services fare, when that has changed.

        With a `gate` (daemon.bind) whoever may connect asks at `opening.asked`; without one it is the daemon alone.
        Raises BindError.
        """
        self._opening, self._alive, self._say, self._gate = opening, alive, say, gate
        within = None if gate is not None else os.path.dirname(opening.asked.removeprefix("ipc://"))  # the daemon's own
        self._folder = tempfile.TemporaryDirectory(prefix="jamd-", dir=within or None, ignore_cleanup_errors=True)
        begin = Begin(self._folder.name, opening.library, opening.models)
        self._workers = [Worker(WORKER, begin, ONE_THREAD) for _ in range(opening.workers)]
        self.queue = Queue(self._workers, opening.waiting)
        self._desk = Desk(self.queue)
        self.router: Router | None = None
        if opening.asked:
            submit = self._desk.relayed if gate is None else self._desk.submit
            under_way = RELAYED if gate is None else UNDER_WAY
            try:
                self.router = Router(opening.asked, decode, submit, gate, "--address", REQUEST_BYTES, under_way)
            except BaseException:
                self._folder.cleanup()
                raise
        self._stop = asyncio.Event()
        self._error = ""
        self._said: m.Service | None = None
        self._say_at = 0.0
        for worker in self._workers:
            worker.on_end = self._ended

    def stop(self) -> None:
        """Let `serve` end."""
        self._stop.set()

    async def serve(self) -> None:
        """Until `stop`; then what is under way is refused, and the workers end."""
        ears = [Ear(one, turn) for one, turn in self._sockets()]
        page = None
        if self._opening.listening >= 0:
            page = asyncio.create_task(self._page(self._server()))  # made before the first word, for it takes a while
        try:
            while not self._stop.is_set():
                if page is not None and page.done():
                    page.result()
                    raise RuntimeError("uvicorn has ended")
                self._alive()
                self._fare(time.monotonic())
                for ear in ears:
                    ear.poke()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), TICK_S)
        finally:
            self.queue.close()
            await self._desk.close()
            if page is not None and not page.done():
                page.cancel()
                with contextlib.suppress(asyncio.CancelledError, TimeoutError):
                    await asyncio.wait_for(page, 2.0)
            for ear in ears:
                ear.close()
            if self.router is not None:
                self.router.close()
            self._folder.cleanup()

    def _sockets(self) -> Iterator[tuple[Any, Callable[[], None]]]:
        if self.router is not None:
            yield self.router.socket, self.router.turn
        if self._gate is not None and self._gate.socket is not None:
            yield self._gate.socket, self._gate.turn

    def _server(self) -> "uvicorn.Server":
        """Of the page and HTTP; it is not imported where there is none."""
        import uvicorn

        from daemon.web.app import application
        from daemon.web.page import Page
        from daemon.web.serving import SETTINGS

        opening = self._opening
        (_, schemas) = msgspec.json.schema_components(services.OWN, ref_template="#/components/schemas/{name}")
        page = Page(
            opening.is_here,
            opening.token,
            self._desk.ask,
            opening.published,
            opening.control,
            schemas,
        )
        config = uvicorn.Config(application(page), **SETTINGS, proxy_headers=False)  # who asks is who connects
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
        return server

    async def _page(self, server: "uvicorn.Server") -> None:
        with socket.socket(fileno=self._opening.listening) as listening:
            task = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                server.should_exit = True
                await task

    def _ended(self, why: str) -> None:
        self._error = why

    def _fare(self, now: float) -> None:
        """Say how the services fare, when it has changed, at most once a second."""
        if now < self._say_at:
            return
        queue = self.queue
        is_ready = any(worker.is_ready for worker in self._workers)
        if is_ready and all(worker.is_ready for worker in self._workers):
            self._error = ""
        service = m.Service(
            state="running",
            waiting=queue.waiting,
            under_way=queue.under_way,
            done=dict(queue.done),
            refused={str(code): n for code, n in queue.refused.items()},
            clients=queue.clients,
            error=self._error or ("" if is_ready or not queue.is_started else STARTING),
        )
        if service != self._said:
            self._said, self._say_at = service, now + SAY_S
            self._say(service)
