"""Keeps the configured MIDI ports open: opens what appears, gives up what goes."""

from collections.abc import Callable, Sequence

from daemon.midi.api import MidiError
from daemon.midi.jack_watch import JackWatch
from daemon.midi.link import News
from daemon.midi.ports import Port

LOOK_S = 1.0


class Patchbay:
    """All MIDI ports of one API. [the MIDI process's main thread]"""

    def __init__(self, ports: Sequence[Port], watch: Callable[[], JackWatch] | None) -> None:
        """`watch` makes the watch over the JACK server (`JackWatch`) where the ports are JACK's; else None."""
        self._ports, self._make_watch = ports, watch
        self._watch: JackWatch | None = None
        self._said: dict[Port | None, str] = {}
        self._look_at = 0.0

    @property
    def dead(self) -> bool:
        """Whether the JACK server has died; then nothing here may be touched any more."""
        return self._watch is not None and self._watch.dead

    def poll(self, now_s: float) -> list[News]:
        """Look after the ports; cheap to call often. Opening one can take a second."""
        if now_s < self._look_at:
            return []
        self._look_at = now_s + LOOK_S
        try:
            if self._make_watch is not None and self._watch is None:
                self._watch = self._make_watch()
        except MidiError as error:
            return self._missing(None, error)
        news = [News("", "", "open")] if self._said.pop(None, None) else []
        for port in self._ports:
            if port.is_open and not port.is_there():
                port.close()
                why = "the port has gone; it is opened again when it is back"
                news.append(News(port.name, port.direction, "lost", why))
            if not port.is_open:
                news += self._try(port)
        if any(found.state == "open" for found in news):
            self.settle()
        return news

    def settle(self) -> None:
        """Wait until a new connection carries, or what was sent has been heard."""
        if self._watch is not None:
            self._watch.settle()

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
