"""Keeps the configured MIDI ports open: opens what appears, gives up what goes, survives JACK's death."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from daemon.jack_watch import JackWatch
from daemon.midi_api import MidiError

LOOK_S = 1.0


class Port(Protocol):
    """A MIDI input or output; `direction` is in or out."""

    name: str
    direction: str

    @property
    def is_open(self) -> bool: ...
    def open(self) -> None: ...
    def is_there(self) -> bool: ...
    def close(self) -> None: ...
    def lose(self) -> None: ...


class News(NamedTuple):
    """A port that is open now, was lost, or (said once, with the reason) could not be opened: `missing`.

    Without the API every port is missing; that is said once, with no port's name.
    """

    port: str
    direction: str
    state: str
    error: str = ""


class Patchbay:
    """All MIDI ports of one API. [main]"""

    def __init__(self, ports: Sequence[Port], watch: Callable[[], JackWatch] | None) -> None:
        """`watch` makes the watch over the JACK server (`JackWatch`) where the ports are JACK's; else None."""
        self._ports, self._make_watch = ports, watch
        self._watch: JackWatch | None = None
        self._said: dict[Port | None, str] = {}
        self._look_at = 0.0

    def poll(self, now_s: float) -> list[News]:
        """Look after the ports; cheap to call often. A dead JACK server costs a second for each open output."""
        news: list[News] = []
        if self._watch is not None and self._watch.dead:
            news += self._give_up()
        if now_s < self._look_at:
            return news
        self._look_at = now_s + LOOK_S
        try:
            if self._make_watch is not None and self._watch is None:
                self._watch = self._make_watch()
        except MidiError as error:
            return news + self._missing(None, error)
        self._said.pop(None, None)
        for port in self._ports:
            if port.is_open and not port.is_there():
                port.lose()
                news.append(
                    News(port.name, port.direction, "lost", "the port has gone; it is opened again when it is back")
                )
            if not port.is_open:
                news += self._try(port)
        return news

    def _try(self, port: Port) -> list[News]:
        try:
            port.open()
        except MidiError as error:
            return self._missing(port, error)
        self._said.pop(port, None)
        return [News(port.name, port.direction, "open")]

    def _missing(self, port: Port | None, error: MidiError) -> list[News]:
        """Say why, but not again each second."""
        if self._said.get(port) == str(error):
            return []
        self._said[port] = str(error)
        return [News(port.name if port else "", port.direction if port else "", "missing", str(error))]

    def _give_up(self) -> list[News]:
        """The JACK server died: close every client before any is opened, or libjack crashes later."""
        lost = [port for port in self._ports if port.is_open]
        for port in lost:
            port.lose()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        why = "the JACK server has died; waiting for it to come back"
        return [News(port.name, port.direction, "lost", why) for port in lost]

    def close(self) -> None:
        """Close every port; outputs end their notes first."""
        if self._watch is not None and self._watch.dead:
            self._give_up()
        for port in self._ports:
            port.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
