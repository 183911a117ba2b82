"""Commands for the daemon, from all pages, over one DEALER; each answer finds who asked by its number."""

import asyncio
import contextlib
import itertools
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from daemon.errors import Refused

UNDER_WAY = 48  # of all who ask: fewer than the daemon takes of one client
PATIENCE_S = 60.0
COMMANDS = 256  # in a batch
INSTEAD = {name: f"ask POST /api/1/{name}" for name in ("analyse", "generate", "recommend")} | {
    "cancel": "close the connection of the request, which cancels it"
}
"""The daemon sees one client in all pages: it could neither be fair among them, nor know whose request is cancelled."""


class _Answer(msgspec.Struct):
    id: int = -1
    ok: bool | msgspec.UnsetType = msgspec.UNSET
    results: list[Any] | msgspec.UnsetType = msgspec.UNSET
    warnings: list[Any] | msgspec.UnsetType = msgspec.UNSET
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Control:
    """[front]"""

    def __init__(self, address: str) -> None:
        """`address` is empty where there is no daemon, or it takes no commands."""
        self.is_there = bool(address)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count()
        self._context = zmq.asyncio.Context()
        self._socket: zmq.asyncio.Socket | None = None
        if address:
            self._socket = self._context.socket(zmq.DEALER)
            self._socket.setsockopt(zmq.LINGER, 0)
            self._socket.setsockopt(zmq.SNDHWM, 2 * UNDER_WAY)
            self._socket.connect(address)

    async def work(self) -> None:
        """Hand answers over, until it is cancelled."""
        try:
            while self._socket is not None:
                packed = (await self._socket.recv_multipart())[-1]
                with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    answer = msgspec.msgpack.decode(packed, type=_Answer)
                    waiting = self._waiting.pop(answer.id, None)
                    if waiting is not None and not waiting.done():
                        said = msgspec.to_builtins(answer)
                        del said["id"]
                        waiting.set_result(said)
        finally:
            if self._socket is not None:
                self._socket.close(0)
            self._context.destroy(0)

    async def ask(self, commands: list[Any]) -> dict[str, Any]:
        """The daemon's answer, without its id. Raises Refused where none comes."""
        if self._socket is None:
            raise Refused(409, "there is no daemon to command here: this is `jamd serve`; start `jamd run`")
        check(commands)
        if len(self._waiting) >= UNDER_WAY:
            raise Refused(429, f"{UNDER_WAY} batches of commands are under way; wait for an answer")
        number = next(self._numbers)
        try:
            packed = msgspec.msgpack.encode({"id": number, "do": commands})
        except (TypeError, ValueError, OverflowError, RecursionError):
            raise Refused(400, "a command has a value that cannot be sent; give smaller numbers, less deep") from None
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(packed, zmq.DONTWAIT)
            return await asyncio.wait_for(waiting, PATIENCE_S)
        except TimeoutError:
            raise Refused(504, f"the daemon has not answered within {PATIENCE_S:.0f} s") from None
        except zmq.ZMQError:
            raise Refused(503, "the daemon takes no commands now; try again") from None
        finally:
            self._waiting.pop(number, None)


def check(commands: list[Any]) -> None:
    """Raises Refused for what a page may not command. [any]"""
    if not commands:
        raise Refused(400, 'no command; send one such as {"do": [{"cmd": "list"}]}')
    if len(commands) > COMMANDS:
        raise Refused(413, f"{len(commands)} commands in a batch; {COMMANDS} are the most")
    for command in commands:
        name = command.get("cmd") if isinstance(command, dict) else None
        if isinstance(name, str) and name in INSTEAD:
            raise Refused(400, f"{name}: not here; {INSTEAD[name]}")
