"""`jamd serve`: the services and their page in the foreground, without audio and without a daemon."""

import asyncio
import signal

import click

from daemon import messages as m
from daemon.curve import Gate
from daemon.errors import UserError
from daemon.front.house import STARTING, House
from daemon.front.link import Open
from daemon.front.place import Place, opened


class ServeError(UserError):
    """It cannot serve there; the text is one line with the remedy."""


def serve(address: str, page: str, workers: int, waiting: int, library: str) -> int:
    """Serve until SIGINT or SIGTERM; what is under way then is answered 503. Raises ServeError, BindError, PageError."""
    if address == page == "off":
        raise ServeError("--address and --page are both off; give one of them a place")
    place = opened(page, "--page") if page != "off" else Place()
    if place.error:
        raise ServeError(place.error)
    listening = place.listening.dup().detach() if place.listening is not None else -1  # the house closes its own
    asked = "" if address == "off" else address
    opening = Open(listening, place.is_here, place.token, "", "", asked, workers, waiting, library, {})
    gate = Gate()
    try:
        asyncio.run(_serve(opening, place.url, gate))
    finally:
        gate.close()
        if place.listening is not None:
            place.listening.close()
    return 0


async def _serve(opening: Open, url: str, gate: Gate) -> None:
    house = House(opening, lambda: None, _Said(), gate)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, house.stop)
    if house.router is not None:
        click.echo(f"jamd: answering on {house.router.address}, in the way of `jamd ctl`", err=True)
    if url:
        click.echo(f"jamd: the page, and HTTP, on {url}", err=True)
    house.queue.start()
    await house.serve()


class _Said:
    """What is amiss, on the terminal, and when it is well again."""

    def __init__(self) -> None:
        self._error = ""

    def __call__(self, service: m.Service) -> None:
        if service.error != self._error:
            self._error = service.error
            text = service.error or "ready"
            click.echo(f"jamd: {text}" if text != STARTING else "jamd: starting ...", err=True)
