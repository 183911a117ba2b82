"""The control socket: a ZeroMQ ROUTER that takes one request in one frame, msgpack or JSON, and answers it in kind.

Request: {"id": anything, "do": [commands], "check": false}. Answer: {"id", "ok": true, "results": [...]}, perhaps with
"warnings", or {"id", "error": {"code", "text", "at"}}, codes as in daemon.errors.REFUSALS, `at` which of the commands.
Answers come as the requests are done. Both REQ and DEALER sockets may ask.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import zmq

from daemon.bind import bind, unbind
from daemon.curve import Gate
from daemon.errors import Refused

UNDER_WAY = 64  # requests of one client at once
REQUEST_BYTES = 1 << 20
BEYOND_BYTES = 3 << 20  # by which a request may be too large and still be answered; who sends more is cut off
CUT_OFF_BYTES = REQUEST_BYTES + BEYOND_BYTES
COMMANDS = 256  # in one batch
IN_A_TURN = 64  # requests
REPLIES = 256  # that a client which does not read may have waiting, where they are small; it loses further ones

Reply = Callable[[dict[str, Any]], None]
Submit = Callable[[Sequence[Any], Reply, bool], None]
"""(commands, reply, check): `reply` is called once with the answer, now or later. A Router's reply is an Asked."""

_encoders = msgspec.msgpack.Encoder(), msgspec.json.Encoder()


class _Request(msgspec.Struct, forbid_unknown_fields=True):
    do: list[msgspec.Raw]
    id: Any = None
    check: bool = False


class _Id(msgspec.Struct):
    """What can be told of a request that is wrong."""

    id: Any = None


_requests = msgspec.msgpack.Decoder(_Request), msgspec.json.Decoder(_Request)
_ids = msgspec.msgpack.Decoder(_Id), msgspec.json.Decoder(_Id)


class Asked:
    """A request's reply, which knows who asks. Call it once, with the answer. [main] [front]"""

    def __init__(self, router: "Router", envelope: list[bytes], as_json: bool, name: Any) -> None:
        self._router, self._envelope = router, envelope
        self.who = envelope[0]  # the client
        self.name = name  # the request's `id`
        self.as_json = as_json  # answer in kind: where `results` is a msgspec.Raw, it is of that kind

    def __call__(self, answer: dict[str, Any]) -> None:
        self._router.answer(self._envelope, self.as_json, {"id": self.name} | answer)


class Router:
    """One socket. [main] [front]"""

    def __init__(
        self,
        address: str,
        decode: Callable[[msgspec.Raw, bool], Any],
        submit: Submit,
        gate: Gate | None = None,
        key: str = "control.address",
        most_bytes: int = REQUEST_BYTES,
        under_way: int = UNDER_WAY,
    ) -> None:
        """Bind. `decode(packed, as_json)` gives a command or raises Refused; `gate` and `key` as in daemon.bind.

        A client may have `under_way` requests of at most `most_bytes` each. Raises BindError.
        """
        self._decode, self._submit, self._gate = decode, submit, gate
        self._most_bytes, self._most = most_bytes, under_way
        self._under_way: Counter[bytes] = Counter()
        options = {
            zmq.MAXMSGSIZE: most_bytes + BEYOND_BYTES,
            zmq.RCVHWM: 2 * under_way,
            zmq.SNDHWM: REPLIES if most_bytes <= REQUEST_BYTES else 2 * under_way,
        }
        self.socket = bind(zmq.ROUTER, key, address, options, gate)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def turn(self) -> None:
        """Take the requests that have come, a bounded number of them; the rest is for the next turn."""
        for _ in range(IN_A_TURN):
            try:
                who, *frames = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            envelope = [who, b""] if len(frames) == 2 and not frames[0] else [who]  # a REQ socket's empty frame
            self._take(envelope, frames[len(envelope) - 1 :])

    def close(self) -> None:
        """Send what is queued for at most 0.2 s and close; answers that come later go nowhere."""
        unbind(self.socket, self._gate)

    def _take(self, envelope: list[bytes], frames: list[bytes]) -> None:
        packed = frames[0] if len(frames) == 1 else b""
        as_json = packed.lstrip()[:1] == b"{"
        name: Any = None
        at = -1
        try:
            if len(packed) > self._most_bytes:
                raise Refused(413, f"the request has {len(packed)} bytes; {self._most_bytes} are the most")
            name = _id(packed, as_json)
            request = _read(packed, as_json)
            if self._under_way[envelope[0]] >= self._most:
                raise Refused(429, f"{self._most} requests of yours are under way; wait for an answer")
            commands = []
            for at in range(len(request.do)):
                commands.append(self._decode(request.do[at], as_json))
        except Refused as refused:
            error = {"code": refused.code, "text": str(refused)} | ({"at": at} if at >= 0 else {})
            self._send(envelope, as_json, {"id": name, "error": error})
            return
        self._under_way[envelope[0]] += 1
        self._submit(commands, Asked(self, envelope, as_json, name), request.check)

    def answer(self, envelope: list[bytes], as_json: bool, answer: dict[str, Any]) -> None:
        """Send what a request of this envelope is answered; an Asked does."""
        who = envelope[0]
        self._under_way[who] -= 1
        if not self._under_way[who]:
            del self._under_way[who]
        self._send(envelope, as_json, answer)

    def _send(self, envelope: list[bytes], as_json: bool, answer: dict[str, Any]) -> None:
        try:
            packed = _encoders[as_json].encode(answer)
        except (TypeError, ValueError, OverflowError, RecursionError):  # an `id` that came, but cannot go
            packed = _encoders[as_json].encode(answer | {"id": None})
        with contextlib.suppress(zmq.ZMQError):  # whoever asked has gone, or does not read; or we are closed
            self.socket.send_multipart([*envelope, packed], zmq.DONTWAIT)


def _read(packed: bytes, as_json: bool) -> _Request:
    example = '{"id": 1, "do": [{"cmd": "list"}]}'
    try:
        request = _requests[as_json].decode(packed)
    except msgspec.ValidationError as error:
        text = str(error).replace(" - at `$", " at `").replace("`.", "`")
        raise Refused(400, f"the request: {text[0].lower() + text[1:]}; send one such as {example}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, f"not one frame of msgpack or JSON; send one such as {example}") from None
    if len(request.do) > COMMANDS:
        raise Refused(413, f"{len(request.do)} commands in a batch; {COMMANDS} are the most")
    return request


def _id(packed: bytes, as_json: bool) -> Any:
    try:
        return _ids[as_json].decode(packed).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
