"""The page's ASGI application: its files, the services over HTTP, and the websocket of what jamd hears and plays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from daemon.errors import Refused
from daemon.web.answer import refusal
from daemon.web.control import Control
from daemon.web.follower import Follower
from daemon.web.frames import Frames
from daemon.web.guard import Guard
from daemon.web.page import Page
from daemon.web.services import Services
from daemon.web.socket import Viewers

STATIC = Path(__file__).with_name("static")


def application(page: Page) -> Starlette:
    """For one event loop, with `daemon.web.serving.SETTINGS` for uvicorn; it follows the daemon while it runs. [front]"""
    control = Control(page.control)
    follower = Follower(page.follow, Frames())
    viewers = Viewers(page, control, follower.frames)

    @contextlib.asynccontextmanager
    async def works(_: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(follower.work(viewers.show, viewers.are_there)),
            asyncio.create_task(control.work()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return Starlette(
        routes=[
            Mount("/api/1", routes=Services(page, control).routes),
            WebSocketRoute("/ws", viewers.serve),
            Mount("/", _Files(directory=STATIC, html=True, check_dir=False)),
        ],
        middleware=[Middleware(Guard, is_here=page.is_here)],
        exception_handlers={Refused: _refused, HTTPException: _http, Exception: _defect},
        lifespan=works,
    )


class _Files(StaticFiles):
    """The page's files."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await refusal(Refused(404, "the websocket is /ws"))(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refusal(refused)


async def _http(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    texts = {404: "there is no such page", 405: "another method is needed here"}
    answered = refusal(Refused(problem.status_code, texts.get(problem.status_code, problem.detail)))
    answered.headers.update(problem.headers or {})
    return answered


async def _defect(_: Request, problem: Exception) -> Response:
    return refusal(Refused(500, f"a defect of jamd's: {type(problem).__name__}"))
