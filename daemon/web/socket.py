"""The websocket: what a page is shown, and what it commands.

Each page has one task that sends. While that waits for a slow page, what comes next is merged into one frame for it, so a
page that does not read costs one frame and a full socket, and the others nothing. Answers, too, are bounded.
"""

import asyncio
import contextlib
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

import daemon
from daemon import messages as m
from daemon.errors import Refused
from daemon.web.answer import error, refusal
from daemon.web.control import Control
from daemon.web.frames import Frame, Frames, merge
from daemon.web.guard import knows
from daemon.web.page import Page

VIEWERS = 64  # pages
MESSAGE_BYTES = 64 << 10
UNDER_WAY = 16  # batches of one page
WRONG_TOKEN_S = 0.5  # until a page hears so, and may try again


class Hello(msgspec.Struct, tag="hello", tag_field="kind"):
    """First of all."""

    version: str
    control: bool
    needs_token: bool
    daemon: bool
    state: list[m.Message]


class Answer(msgspec.Struct, tag="answer", tag_field="kind", omit_defaults=True):
    """To what a page said with this `id`; `ok` alone: the token is right."""

    id: Any
    ok: bool = False
    results: list[Any] | None = None
    warnings: list[Any] | None = None
    error: dict[str, Any] | None = None


class Said(msgspec.Struct):
    """By a page: its token, or commands."""

    token: str | None = None
    id: Any = None
    do: list[Any] | None = None


_decode = msgspec.json.Decoder(Said).decode
_encode = msgspec.json.Encoder().encode


class Viewers:
    """All pages that are open. [front]"""

    def __init__(self, page: Page, control: Control, frames: Frames) -> None:
        self._page, self._control, self._frames = page, control, frames
        self._open: set[Viewer] = set()

    def are_there(self) -> bool:
        return bool(self._open)

    def show(self, frame: Frame) -> None:
        """A frame to all; it is written once."""
        text = _encode(frame).decode() if self._open else ""
        for viewer in self._open:
            viewer.show(frame, text)

    async def serve(self, socket: WebSocket) -> None:
        """One page, until it goes."""
        if len(self._open) >= VIEWERS:
            await socket.send_denial_response(refusal(Refused(503, f"{VIEWERS} pages are open; close one")))
            return
        await socket.accept()
        page = self._page
        viewer = Viewer(socket, page, self._control)
        has_daemon = bool(page.follow)
        hello = Hello(daemon.__version__, self._control.is_there, not page.is_here, has_daemon, self._frames.state())
        self._open.add(viewer)
        try:
            await viewer.work(_encode(hello).decode())
        finally:
            self._open.discard(viewer)


class Viewer:
    """One page. [front]"""

    def __init__(self, socket: WebSocket, page: Page, control: Control) -> None:
        self._socket, self._page, self._control = socket, page, control
        self._may_control = page.is_here
        self._frame: Frame | None = None  # that has not been sent, and its text where it is not merged
        self._text = ""
        self._answers: list[Answer] = []
        self._free = asyncio.Semaphore(2 * UNDER_WAY)  # places among the answers
        self._asking: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def show(self, frame: Frame, text: str) -> None:
        """For later, should the last one still wait."""
        if self._frame is None:
            self._frame, self._text = frame, text
        else:
            self._frame, self._text = merge(self._frame, frame), ""
        self._wake.set()

    async def work(self, hello: str) -> None:
        """Until the page goes."""
        tasks = [asyncio.create_task(self._send(hello)), asyncio.create_task(self._receive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, *self._asking):
                task.cancel()
            ended = await asyncio.gather(*tasks, *self._asking, return_exceptions=True)
        for problem in ended:
            if isinstance(problem, Exception) and not isinstance(problem, WebSocketDisconnect | RuntimeError | OSError):
                raise problem

    async def _send(self, hello: str) -> None:
        await self._socket.send_text(hello)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._answers:
                await self._socket.send_text(_encode(self._answers.pop(0)).decode())
                self._free.release()
            if self._frame is not None:
                text = self._text or _encode(self._frame).decode()
                self._frame = None
                await self._socket.send_text(text)

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            said = Said()
            try:
                if text is None or len(text) > MESSAGE_BYTES:
                    raise Refused(400, f"a page says one JSON text of at most {MESSAGE_BYTES} bytes")
                said = _read(text)
                await self._take(said)
            except Refused as refused:
                await self._answer(Answer(said.id, error=error(refused)))

    async def _take(self, said: Said) -> None:
        if said.token is not None:
            if not (self._page.is_here or knows(self._page, said.token)):
                await asyncio.sleep(WRONG_TOKEN_S)
                raise Refused(401, "this is not the token that jamd said when it began")
            self._may_control = True
            await self._answer(Answer(said.id, ok=True))
        if said.do is not None:
            if not self._may_control:
                raise Refused(401, 'who controls from here needs the token: {"token": "..."}')
            if len(self._asking) >= UNDER_WAY:
                raise Refused(429, f"{UNDER_WAY} requests of this page are under way; wait for an answer")
            asking = asyncio.create_task(self._ask(said.id, said.do))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)

    async def _ask(self, name: Any, commands: list[Any]) -> None:
        try:
            answer = Answer(name, **await self._control.ask(commands))
        except Refused as refused:
            answer = Answer(name, error=error(refused))
        await self._answer(answer)

    async def _answer(self, answer: Answer) -> None:
        """Waits while a page that does not read has many."""
        await self._free.acquire()
        self._answers.append(answer)
        self._wake.set()


def _read(text: str) -> Said:
    """Raises Refused."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        said = _decode(text)
        if said.token is not None or said.do is not None:
            return said
    raise Refused(400, 'a page says {"token": "..."}, or {"id": 1, "do": [{"cmd": "list"}]}')
