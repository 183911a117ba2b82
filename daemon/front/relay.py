"""Requests of the services that came to the daemon, handed on to its front of house; the daemon never waits for it.

A request goes in the encoding it came in, and its results come back as they are to be handed out; nobody looks at them here.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import zmq

from daemon.desk.commands.command import Command
from daemon.front.link import RELAYED_BYTES, Name
from daemon.service.router import Asked, Reply

MOST = 256  # that are not answered
PATIENCE_S = 30.0  # after its deadline, an answer has been lost
USUAL_MS = 60_000.0

_encoders = msgspec.msgpack.Encoder(), msgspec.json.Encoder()


class _Answer(msgspec.Struct, omit_defaults=True):
    id: Name
    ok: bool = False
    results: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_decoders = msgspec.msgpack.Decoder(_Answer), msgspec.json.Decoder(_Answer)


class _Waiting(NamedTuple):
    reply: Reply
    until: float


class Relay:
    """[main]"""

    def __init__(self) -> None:
        self.socket: zmq.Socket | None = None  # readable when an answer has come
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = itertools.count(1)

    def connect(self, address: str, context: zmq.Context) -> None:
        """To a ROUTER that need not be there yet."""
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, 2 * MOST)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 2 * RELAYED_BYTES)
        self.socket.connect(address)

    def ask(self, commands: Sequence[Command], reply: Reply, check: bool, now: float) -> None:
        """Hand it on; `reply` is called once, now or later."""
        assert self.socket is not None
        if len(self._waiting) >= MOST:
            reply({"error": {"code": 429, "text": f"{MOST} requests are not answered yet; ask again in a moment"}})
            return
        who, name, as_json = (
            (reply.who.hex(), reply.name, reply.as_json) if isinstance(reply, Asked) else ("", None, False)
        )
        number = next(self._numbers)
        try:
            packed = _encoders[as_json].encode({"id": Name(number, who, name), "do": list(commands), "check": check})
        except (TypeError, ValueError, OverflowError, RecursionError):
            reply({"error": {"code": 400, "text": "an id that cannot be sent; give a number or a text"}})
            return
        deadline_ms = max((getattr(command, "deadline_ms", USUAL_MS) for command in commands), default=USUAL_MS)
        self._waiting[number] = _Waiting(reply, now + deadline_ms / 1000.0 + PATIENCE_S)
        try:
            self.socket.send(packed, zmq.DONTWAIT)
        except zmq.ZMQError:
            self._answer(number, {"error": {"code": 503, "text": "the services do not take requests; ask again"}})

    def turn(self, now: float) -> None:
        """Give the answers that have come, and no longer wait for what is lost."""
        while self.socket is not None:
            try:
                packed = self.socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                break
            answer = _decoders[packed[:1] == b"{"].decode(packed)
            fields = {name: getattr(answer, name) for name in ("ok", "results", "error")}
            self._answer(
                answer.id.number,
                {name: value for name, value in fields.items() if value and value is not msgspec.UNSET},
            )
        for number in [number for number, one in self._waiting.items() if now >= one.until]:
            self._answer(number, {"error": {"code": 504, "text": "the services have not answered; ask again"}})

    def refuse_all(self, code: int, text: str) -> None:
        """Nobody will answer what is under way."""
        for number in list(self._waiting):
            self._answer(number, {"error": {"code": code, "text": text}})

    def close(self) -> None:
        """Safe when closed."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def _answer(self, number: int, answer: dict[str, Any]) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.reply(answer)
