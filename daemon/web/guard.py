"""Who may ask, and how much at once: names and origins, the token, bodies within bounds, and what a browser may load.

On this machine alone anybody may control, so another web site in the same browser must not: a request has to name this
machine (or a name that points here would do: DNS rebinding), and come from a page of it. Beyond, the page's own origin and a
token take that place.
"""

import asyncio
import hmac
import ipaddress
import time
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from daemon.errors import Refused
from daemon.web.answer import refusal
from daemon.web.page import Page

BODY = 1 << 20  # bytes: of JSON
SOUND = 32 << 20  # of what brings a sound
HELD = 256 << 20  # bytes, of all bodies under way
CHUNK_S = 10.0  # without a byte
BODY_S = 120.0
PASSED_OVER = 256 << 10  # bytes of a body that is not wanted; with more to come, the connection is closed
PASSED_OVER_S = 0.5

HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        b"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Guard:
    """Around the application. [front]"""

    def __init__(self, app: ASGIApp, is_here: bool) -> None:
        self._app, self._is_here = app, is_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        problem = stranger(headers, self._is_here, scope["path"].startswith(("/api/", "/ws")))
        app: ASGIApp = refusal(Refused(403, problem)) if problem else self._app
        try:
            await app(scope, exchange.receive if scope["type"] == "http" else receive, exchange.send)
        except (ClientDisconnect, WebSocketDisconnect, ClientDisconnected):
            pass  # who asked has gone
        except Exception:
            traceback.print_exc()
            raise


class _Exchange:
    """One request and its answer: with our headers, and no more of an unwanted body than is cheap."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self._is_wanted = b"expect" not in headers  # or nothing is sent before it is asked for
        self._has_more = b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
        self._is_api = scope["path"].startswith("/api/")
        self._receive, self._send = receive, send

    async def receive(self) -> Message:
        message = await self._receive()
        self._has_more = self._has_more and message["type"] == "http.request" and bool(message.get("more_body"))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = [*message.get("headers", []), *HEADERS]
            headers.append((b"cache-control", b"no-store" if self._is_api else b"no-cache"))
            if self._has_more and message["type"] == "http.response.start":
                await self._pass_over()
                if self._has_more:
                    headers.append((b"connection", b"close"))
            message["headers"] = headers
        await self._send(message)

    async def _pass_over(self) -> None:
        passed, until = 0, time.monotonic() + PASSED_OVER_S
        while self._is_wanted and self._has_more and passed < PASSED_OVER:
            try:
                message = await asyncio.wait_for(self.receive(), max(0.0, until - time.monotonic()))
            except TimeoutError:
                return
            passed += len(message.get("body", b""))


def stranger(headers: Mapping[str, str], is_here: bool, is_asking: bool) -> str:
    """Why a request is not one of the page's own or a program's; empty: it is. [any]"""
    host = headers.get("host", "")
    if is_here and not local(host):
        return (
            f"Host {host[:80]!r} is not this machine; open the page as http://127.0.0.1:PORT/ or http://localhost:PORT/"
        )
    origin = headers.get("origin")
    if origin is not None:
        try:
            where = urlsplit(origin).netloc
        except ValueError:
            where = ""
        if not (local(where) if is_here else where and where.lower() == host.lower()):
            return f"Origin {origin[:80]!r} is another site's; ask from the page itself, or from a program"
    if is_asking and headers.get("sec-fetch-site") == "cross-site":
        return "another site asks; ask from the page itself, or from a program"
    return ""


def local(place: str) -> bool:
    """Whether HOST or HOST:PORT names this machine itself. [any]"""
    try:
        host = urlsplit(f"//{place}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def knows(page: Page, token: str) -> bool:
    """Whether this token allows control. [any]"""
    return bool(page.token) and hmac.compare_digest(token.encode("utf-8", "replace"), page.token.encode())


def admit(page: Page, request: Request) -> None:
    """Raises Refused for who needs a token and has not the right one. [front]"""
    if page.is_here:
        return
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not knows(page, token.strip()):
        raise Refused(401, "a token is needed here: Authorization: Bearer TOKEN, as jamd said it when it began")


def client(request: Request) -> str:
    """Who asks, to be fair between them: a machine, or on this one a connection. [front]"""
    host, port = request.client or ("", 0)
    return f"http:{host}:{port}" if local(f"[{host}]" if ":" in host else host) else f"http:{host}"


class Bodies:
    """What requests bring along, within bounds for each and for all. [front]"""

    def __init__(self) -> None:
        self.held = 0  # bytes

    @asynccontextmanager
    async def read(self, request: Request, most: int = BODY) -> AsyncIterator[bytes]:
        """A whole body of at most so many bytes, which counts until the end. Raises Refused, mostly before it is read."""
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most:
            raise Refused(413, f"a body of {length[:20]} bytes; {most} are the most: send less")
        parts: list[bytes] = []
        try:
            await self._gather(request, parts, most)
            yield b"".join(parts)
        finally:
            self.held -= sum(map(len, parts))

    async def _gather(self, request: Request, parts: list[bytes], most: int) -> None:
        size, stream = 0, request.stream()
        try:
            async with asyncio.timeout(BODY_S):
                while part := await asyncio.wait_for(anext(stream, b""), CHUNK_S):
                    size += len(part)
                    if size > most:
                        raise Refused(413, f"the body is beyond {most} bytes: send less")
                    if self.held + len(part) > HELD:
                        raise Refused(429, "too much is being sent by all together; try again")
                    parts.append(part)
                    self.held += len(part)
        except TimeoutError:
            raise Refused(408, f"the body does not come; {CHUNK_S:.0f} s without a byte are the most") from None
        except ClientDisconnect:
            raise Refused(499, "the client has gone") from None


async def gone(request: Request) -> None:
    """Return when a client, whose request has been read, has gone. [front]"""
    while (await request.receive())["type"] != "http.disconnect":
        pass
