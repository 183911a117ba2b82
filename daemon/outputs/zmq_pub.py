"""ZeroMQ publishing, wire version 1: XPUB, one topic per type of message, the last known state for late joiners.

Frames: topic `jamd/1/TYPE/` · the message as a msgpack map (or JSON) · the raw arrays its fields leave out. Each subscriber
has a bounded queue of its own in libzmq: one that stops reading loses its own messages, sees so by `seq`, and costs nobody
else anything.
"""

import array
import sys

import msgspec
import zmq

from daemon.bind import bind, unbind
from daemon.curve import Gate
from daemon.messages import Array, Chroma, Message, topic

QUEUE = 4096  # messages a subscriber may be behind: about 4 s of everything
REQUESTS = 16  # subscriptions answered in one turn: one that floods harms nobody else
REQUEST_BYTES = 64  # a longer one is no topic

CHROMA = Array(2, "<f4", [12])


class ZmqPublisher:
    """One XPUB socket. [main]

    `drops` counts how often a message found a reader's queue full. From then on libzmq passes that reader over, which cannot
    be counted here, until it has read half of its queue; its own gaps in `seq` tell it the rest.
    """

    key = "zmq.address"
    readers = "stream"

    def __init__(self, address: str, encoding: str = "msgpack", gate: Gate | None = None) -> None:
        """Bind. `encoding` is "msgpack" or "json"; `gate` as in daemon.bind. Raises BindError."""
        self._gate = gate
        self._as_json = encoding == "json"
        self._encode = (msgspec.json if self._as_json else msgspec.msgpack).Encoder().encode
        self._topics: dict[type, bytes] = {}
        self._last: dict[tuple, Message] = {}
        self.drops = 0
        options = {
            zmq.SNDHWM: QUEUE,
            zmq.XPUB_VERBOSE: 1,
            zmq.XPUB_NODROP: 1,  # or nobody would say that a queue is full
            zmq.RCVHWM: REQUESTS,
            zmq.MAXMSGSIZE: REQUEST_BYTES,
        }
        self.socket = bind(zmq.XPUB, self.key, address, options, gate)
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def publish(self, message: Message) -> None:
        """Encode once and queue for every subscriber of its topic; never waits."""
        kind = type(message)
        name = self._topics.get(kind)
        if name is None:
            name = self._topics[kind] = topic(kind.__struct_config__.tag)  # type: ignore[arg-type]
        if kind.keep_last:
            self._last[message.kept_as] = message
        self._send(self._frames(name, message))

    def _send(self, frames: list[bytes]) -> None:
        try:
            self.socket.send_multipart(frames, zmq.DONTWAIT)
        except zmq.Again:  # and nobody has it yet
            self.drops += 1
            self.socket.setsockopt(zmq.XPUB_NODROP, 0)
            self.socket.send_multipart(frames, zmq.DONTWAIT)
            self.socket.setsockopt(zmq.XPUB_NODROP, 1)

    def _frames(self, name: bytes, message: Message) -> list[bytes]:
        if isinstance(message, Chroma) and not self._as_json:
            values = array.array("f", message.chroma)  # type: ignore[arg-type]
            if sys.byteorder == "big":
                values.byteswap()
            return [name, self._encode(msgspec.structs.replace(message, chroma=CHROMA)), values.tobytes()]
        return [name, self._encode(message)]

    def serve_joiners(self) -> int:
        """Say the last known state again for new subscribers, when `socket` is readable; returns how many were heard.

        XPUB cannot speak to one subscriber alone: the others hear it too, marked as `replay`.
        """
        joined, prefixes = 0, set()
        while joined < REQUESTS:
            try:
                request = self.socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                break
            if request[:1] == b"\x01":
                joined += 1
                prefixes.add(request[1:])
        for message in self._last.values():
            name = self._topics[type(message)]
            frames = self._frames(name, msgspec.structs.replace(message, replay=True))
            if frames[0].startswith(tuple(prefixes)):
                self._send(frames)
        return joined

    def close(self) -> None:
        """Send what is queued for at most 0.2 s and close."""
        unbind(self.socket, self._gate)
