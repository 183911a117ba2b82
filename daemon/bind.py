"""Where others connect: an address is checked and a ZeroMQ socket bound there, for this machine alone."""

import ipaddress
from collections.abc import Mapping

import zmq

from daemon.errors import UserError

LINGER_MS = 200


class BindError(UserError):
    """An address that cannot be used; the text is one line with the config's key and the remedy."""


def bind(kind: int, key: str, address: str, options: Mapping[zmq.SocketOption, int]) -> zmq.Socket:
    """A socket with `options`, bound to an address, which `key` of the config gives. Raises BindError. [main]"""
    if not is_here(key, address):
        raise BindError(
            f"{key}: {address!r} could be reached by other machines, and there are no keys yet (CURVE is to come); "
            "give tcp://127.0.0.1:PORT or ipc://FILE"
        )
    context: zmq.Context = zmq.Context()
    try:
        socket: zmq.Socket = context.socket(kind)
        socket.setsockopt(zmq.IPV6, int("[" in address))
        socket.setsockopt(zmq.LINGER, LINGER_MS)
        for option, value in options.items():
            socket.setsockopt(option, value)
        socket.bind(address)
    except zmq.ZMQError as error:
        context.destroy(0)
        busy = error.errno == zmq.EADDRINUSE
        why = "is another jamd running? give another port" if busy else "give a free tcp://127.0.0.1:PORT or ipc://FILE"
        raise BindError(f"{key}: cannot listen on {address}: {error.strerror}; {why}") from None
    return socket


def unbind(socket: zmq.Socket) -> None:
    """Send what is queued for at most 0.2 s and close. [main]"""
    socket.context.destroy(LINGER_MS)


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
