"""Where others connect: an address is checked and a ZeroMQ socket bound there.

On loopback and ipc only this machine reaches it. Elsewhere it needs keys (daemon.curve).
"""

import ipaddress
from collections.abc import Mapping

import zmq

from daemon.curve import LINGER_MS, Gate
from daemon.errors import UserError
from daemon.keyring import KeyringError


class BindError(UserError):
    """An address that cannot be used; the text is one line with the config's key and the remedy."""


def bind(
    kind: int, key: str, address: str, options: Mapping[zmq.SocketOption, int], gate: Gate | None = None
) -> zmq.Socket:
    """A socket with `options`, bound to an address, which `key` of the config gives. Raises BindError. [main]

    Without a gate it has a context of its own, and only this machine reaches it.
    """
    is_guarded = not is_here(key, address) or (gate is not None and gate.always)
    context: zmq.Context = zmq.Context() if gate is None else gate.context
    socket: zmq.Socket = context.socket(kind)
    try:
        for option, value in ({zmq.IPV6: int("[" in address), zmq.LINGER: LINGER_MS} | dict(options)).items():
            socket.setsockopt(option, value)
        if is_guarded:
            if gate is None:
                raise KeyringError("it has no gate for keys")
            gate.guard(socket)
        socket.bind(address)
    except (zmq.ZMQError, KeyringError) as error:
        socket.close(0)
        unbind(socket, gate)
        raise BindError(_why(key, address, error)) from None
    return socket


def unbind(socket: zmq.Socket, gate: Gate | None = None) -> None:
    """Send what is queued for at most 0.2 s and close; as it was bound. [main]"""
    socket.close()
    if gate is None:
        socket.context.term()


def _why(key: str, address: str, error: zmq.ZMQError | KeyringError) -> str:
    if isinstance(error, KeyringError):
        if is_here(key, address):
            return f"zmq.curve: {error}"
        remedy = f"{error}, or give tcp://127.0.0.1:PORT or ipc://FILE"
        return f"{key}: {address!r} could be reached by other machines, for which CURVE needs keys: {remedy}"
    busy = error.errno == zmq.EADDRINUSE
    why = "is another jamd running? give another port" if busy else "give a free tcp://127.0.0.1:PORT or ipc://FILE"
    off = "" if key == "zmq.address" else ", or off"
    return f"{key}: cannot listen on {address}: {error.strerror}; {why}{off}"


def is_here(key: str, address: str) -> bool:
    """Whether only this machine reaches an address. Raises BindError for a place that is none. [any]"""
    kind, _, where = address.partition("://")
    host, _, port = where.rpartition(":")
    if kind == "ipc" and where:
        return True
    if kind != "tcp" or not host or not (port == "*" or (port.isdecimal() and int(port) < 65536)):
        raise BindError(f"{key}: {address!r} is no place; give tcp://127.0.0.1:PORT (up to 65535), or ipc://FILE")
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a wildcard, or a network card by its name
        return False
