"""The front of house's process: ends with the daemon, or when the daemon's end of the socket closes."""

import asyncio
import contextlib
import os
import select
import socket

import msgspec

from daemon.child import die_with_parent, linked
from daemon.front.house import House
from daemon.front.link import Alive, Open, Say
from daemon.packets import Gone, received, tell

NICE = 5  # the daemon itself goes first

_decode = msgspec.msgpack.Decoder(Open).decode


def main() -> None:
    """Work until the daemon's end of the socket closes."""
    die_with_parent()
    daemon = linked(NICE)
    with contextlib.suppress(Gone):
        asyncio.run(_work(_opening(daemon), daemon))
    os._exit(0)


def _opening(daemon: socket.socket) -> Open:
    """The daemon's first packet. Raises Gone."""
    while True:
        select.select([daemon], [], [])
        for packed in received(daemon):
            return _decode(packed)


async def _work(opening: Open, daemon: socket.socket) -> None:
    house = House(opening, lambda: _tell(daemon, Alive()), lambda service: _tell(daemon, Say(service)))

    def look() -> None:
        try:
            for _ in received(daemon):
                pass
        except Gone:
            asyncio.get_running_loop().remove_reader(daemon)
            house.stop()

    asyncio.get_running_loop().add_reader(daemon, look)
    await house.serve()


def _tell(daemon: socket.socket, packet: Alive | Say) -> None:
    """The daemon reads at least ten times a second; what finds no room is lost."""
    tell(daemon, packet)


if __name__ == "__main__":
    main()
