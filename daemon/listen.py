"""`jamd listen`: the simplest subscriber, and the example of one."""

import sys
import time

import click
import msgspec
import numpy as np
import zmq

from daemon import lines
from daemon import messages as m
from daemon.curve import identify
from daemon.errors import UserError
from daemon.keyring import Key


class ListenError(UserError):
    """Nothing to listen to."""


def subscribe(address: str, topics: list[bytes], key: Key | None = None) -> zmq.Socket:
    """A SUB socket for topics (prefixes). Raises ListenError for an address that is none."""
    socket: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
    if key is not None:
        identify(socket, key)
    for topic in topics:
        socket.subscribe(topic)
    try:
        socket.connect(address)
    except zmq.ZMQError as error:
        socket.close(0)
        raise ListenError(f"--address {address}: {error.strerror}; give one such as tcp://127.0.0.1:5550") from None
    return socket


def decode(frames: list[bytes]) -> m.Message | None:
    """One multipart message; None for a type this version does not know. Raises ValueError for what is none of jamd's."""
    parts = frames[0].split(b"/")
    if len(parts) != 4 or len(frames) < 2:
        raise ValueError(f"no message of jamd's: {frames[0][:40]!r}")
    kind = m.MESSAGES.get(parts[2].decode("utf-8", "replace"))
    if kind is None:
        return None
    as_json = frames[1][:1] == b"{"
    message = (msgspec.json if as_json else msgspec.msgpack).decode(frames[1], type=kind)
    if isinstance(message, m.Chroma) and isinstance(message.chroma, m.Array):
        where = message.chroma
        message.chroma = np.frombuffer(frames[where.frame], where.dtype).reshape(where.shape).tolist()
    return message


def listen(
    topic: str, address: str, as_json: bool, everything: bool, seconds: float | None, key: Key | None = None
) -> int:
    """Print messages until Ctrl-C or `seconds`."""
    if topic and topic not in m.MESSAGES:
        raise ListenError(f"there is no topic {topic!r}; choose one of {', '.join(m.MESSAGES)}")
    kinds = [topic] if topic else [kind for kind in m.MESSAGES if everything or kind not in m.DENSE]
    socket = subscribe(address, [m.topic(kind) for kind in kinds], key)
    ends_at = None if seconds is None else time.monotonic() + seconds
    heard = False
    newest: dict[tuple, int] = {}  # seq by type and epoch
    try:
        while ends_at is None or time.monotonic() < ends_at:
            if not socket.poll(2000 if ends_at is None else max(1, int(1000 * min(2.0, ends_at - time.monotonic())))):
                if not heard:
                    wants = "is your key allowed there?" if key else "is `jamd run` or `jamd demo` running?"
                    click.echo(f"jamd: nothing heard on {address} yet; {wants}", err=True)
                continue
            heard = True
            try:
                message = decode(socket.recv_multipart())
            except (ValueError, LookupError) as error:  # msgspec's errors are ValueErrors
                click.echo(f"jamd: passed over: {error}", err=True)
                continue
            if message is not None and not _again(message, newest):
                text = msgspec.json.encode(m.plain(message)).decode() if as_json else lines.line(message)
                sys.stdout.write(text + "\n")
                sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    finally:
        socket.close(0)
    return 0


def _again(message: m.Message, newest: dict[tuple, int]) -> bool:
    """Whether this is said again for another who has joined."""
    key = (message.epoch, *message.kept_as)
    known = message.replay and message.seq <= newest.get(key, -1)
    newest[key] = max(message.seq, newest.get(key, -1))
    return known
