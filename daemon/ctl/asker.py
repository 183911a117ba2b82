"""Commands to a running daemon from a live view, which cannot wait for the answers."""

from collections.abc import Callable
from typing import Any

import msgspec
import zmq

from daemon.ctl.client import CtlError
from daemon.curve import identify
from daemon.keyring import Key

WAITING = 64  # answers; of more, the oldest are not waited for any more

Then = Callable[[dict[str, Any]], None]


class Asker:
    """A context manager. [main]"""

    def __init__(self, address: str, key: Key | None = None) -> None:
        """Raises CtlError for an address that is none."""
        self._address, self._wrong = address, ""
        self._number, self._then = 0, dict[int, Then]()
        self._socket: zmq.Socket = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.IMMEDIATE, 1)  # what is asked while nobody is there is not done when somebody is
        if key is not None:
            identify(self._socket, key)
        try:
            self._socket.connect(address)
        except zmq.ZMQError as error:
            self._socket.close()
            raise CtlError(f"--control {address}: {error.strerror}; give one such as tcp://127.0.0.1:5551") from None

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def ask(self, command: dict[str, Any], then: Then | None = None) -> None:
        """Send a command. `then` is called with its result; what is wrong with such a one is not told."""
        self._number += 1
        try:
            self._socket.send(msgspec.msgpack.encode({"id": self._number, "do": [command]}), zmq.DONTWAIT)
        except zmq.Again:
            if then is None:
                self._wrong = f"no daemon takes commands at {self._address}; is it --control of the one that is heard?"
            return
        if then is not None:
            self._then[self._number] = then
            if len(self._then) > WAITING:
                del self._then[next(iter(self._then))]

    def answered(self) -> str | None:
        """What was wrong with the newest that was answered, empty for nothing; None: nothing was answered."""
        said, self._wrong = self._wrong or None, ""
        while self._socket.poll(0):
            try:
                answer = msgspec.msgpack.decode(self._socket.recv(), type=dict)
                then = self._then.pop(answer["id"], None)
                if then is None:
                    said = answer["error"]["text"] if "error" in answer else ""
                elif "results" in answer:
                    then(answer["results"][0])
            except (msgspec.MsgspecError, LookupError, TypeError):
                said = f"what answers at {self._address} is no jamd; give the address of its control socket"
        return said
