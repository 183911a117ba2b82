"""The services and the daemon's commands over HTTP: the same commands and answers as over ZeroMQ, one request each."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from daemon.errors import Refused
from daemon.web.answer import answer
from daemon.web.control import Control
from daemon.web.guard import BODY, SOUND, Bodies, admit, client, gone
from daemon.web.openapi import description
from daemon.web.page import Page

BARE = "Hz; the body is bare samples then: float32, little-endian, channels interleaved"


class AskedOfSound(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be asked of a sound that is sent as it is. With a `rate` it is bare samples: float32, little-endian."""

    rate: Annotated[int, Meta(ge=0, le=384_000, description=BARE)] = 0
    channels: Annotated[int, Meta(ge=1, le=2, description="of bare samples")] = 1
    dense: Annotated[bool, Meta(description="also the features of each hop")] = False
    deadline_ms: Annotated[float, Meta(gt=0.0, le=600_000.0, description="ms")] = 60_000.0


class _Sound(msgspec.Struct):
    """What may be large in the JSON of an analyse command: base64."""

    sound: str = ""
    samples: str = ""


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    do: list[Any]


class Services:
    """[front]"""

    def __init__(self, page: Page, control: Control) -> None:
        self._page, self._control = page, control
        self._bodies = Bodies()
        self.routes = [
            Route("/models", self._models, methods=["GET"]),
            Route("/analyse", self._analyse, methods=["POST"]),
            Route("/generate", self._generate, methods=["POST"]),
            Route("/recommend", self._recommend, methods=["POST"]),
            Route("/control", self._command, methods=["POST"]),
            Route("/openapi.json", self._describe, methods=["GET"]),
        ]
        of_sound = msgspec.json.schema(AskedOfSound)["$defs"][AskedOfSound.__name__]["properties"]
        self._description = msgspec.json.encode(description(page.schemas, of_sound, page.is_here))

    async def _describe(self, _: Request) -> Response:
        return Response(self._description, media_type="application/json")

    async def _models(self, request: Request) -> Response:
        return await self._ask(request, {"cmd": "models"})

    async def _analyse(self, request: Request) -> Response:
        admit(self._page, request)
        async with self._bodies.read(request, SOUND) as body:
            if _is_json(request):
                _only_sound_is_large(body)
                command = _table(body)
                if bytes(command.get("file", b'""')) != b'""':
                    raise Refused(400, "file: over HTTP a sound is sent, not named; send its bytes as the body")
            else:
                if not body:
                    raise Refused(400, "no sound; send a sound file's bytes as the body")
                asked = _query(request)
                sound = {"cmd": "analyse", "samples" if asked.rate else "sound": body} | msgspec.to_builtins(asked)
                packed = msgspec.msgpack.encode(sound)  # as JSON it would be a third larger
                return answer(await _while_here(request, self._page.ask(client(request), packed)))
            return await self._ask(request, {**command, "cmd": "analyse"})

    async def _generate(self, request: Request) -> Response:
        return await self._json(request, "generate")

    async def _recommend(self, request: Request) -> Response:
        return await self._json(request, "recommend")

    async def _json(self, request: Request, kind: str) -> Response:
        admit(self._page, request)
        _want_json(request)
        async with self._bodies.read(request) as body:
            return await self._ask(request, {**_table(body), "cmd": kind})

    async def _command(self, request: Request) -> Response:
        admit(self._page, request)
        _want_json(request)
        async with self._bodies.read(request) as body:
            return answer(await _while_here(request, self._control.ask(_batch(body))))

    async def _ask(self, request: Request, command: dict[str, Any]) -> Response:
        packed = msgspec.json.encode(command)
        return answer(await _while_here(request, self._page.ask(client(request), packed)))


async def _while_here(request: Request, asking: Coroutine[Any, Any, dict[str, Any]] | Any) -> dict[str, Any]:
    """What is answered; where the client goes before, nobody works for it any more. Raises Refused (499)."""
    answering, leaving = asyncio.ensure_future(asking), asyncio.ensure_future(gone(request))
    try:
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise Refused(499, "the client has gone")
        return answering.result()
    finally:
        for task in (answering, leaving):
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"


def _want_json(request: Request) -> None:
    if not _is_json(request):
        raise Refused(415, "send JSON, with Content-Type: application/json")


def _only_sound_is_large(body: bytes) -> None:
    """Raises Refused where anything else is: as Python's objects it could take a hundred times the body."""
    if len(body) <= BODY:
        return
    try:
        sound = msgspec.json.decode(body, type=_Sound)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "the body is no JSON object whose sound, or samples, are base64") from None
    if len(body) - len(sound.sound) - len(sound.samples) > BODY:
        raise Refused(413, f"beside the sound there is more than {BODY} bytes: send less")


def _table(body: bytes) -> dict[str, msgspec.Raw]:
    """A command without its name, each argument as it came."""
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "the body is no JSON object") from None
    if "cmd" in found:
        raise Refused(400, "cmd: the address says what is asked; leave it out")
    return found


def _batch(body: bytes) -> list[Any]:
    try:
        return msgspec.json.decode(body, type=_Batch).do
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Refused(400, 'a batch of commands is {"do": [{"cmd": "list"}]}') from None


def _query(request: Request) -> AskedOfSound:
    try:
        return msgspec.convert(dict(request.query_params), AskedOfSound, strict=False)
    except msgspec.ValidationError as error:
        text = str(error).replace(" - at `$.", ": at `")
        raise Refused(422, f"the query: {text[0].lower() + text[1:]}") from None
