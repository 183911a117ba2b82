"""The bandstand: what App needs of the band, which is made when a preset, the config or a command first asks for it."""

import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import zmq

from daemon import messages as m
from daemon.config import Generate
from daemon.desk.desk import RackDesk
from daemon.midi.desk import MidiDesk
from daemon.midi.message import NOTE_OFF, NOTE_ON, MidiMessage
from daemon.models import shelf
from daemon.models.using import Reply, waiting
from daemon.room import PATIENT_MS

if TYPE_CHECKING:
    from daemon.generate.live.band import Band
    from daemon.generate.live.schedule import Out

    Make = Callable[[Out, int, Mapping[str, str]], Band]


class Bandstand:
    """[main]"""

    def __init__(
        self, config: Generate, midi: MidiDesk, desk: RackDesk, models: Mapping[str, str] | None = None
    ) -> None:
        """Nothing is loaded yet. `models`: task -> name or address, the config's."""
        self._models = dict(models or {})
        self._config, self._midi, self._desk = config, midi, desk
        self._band: Band | None = None
        self._told: dict[str, Any] | None = None  # the table that the band plays by
        self._state: m.Jam | None = None
        self._rate = 48000
        self._failed: list[m.Message] = []  # not published yet
        self.make: Make = _made  # a band
        midi.is_own = self._is_own

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know whom to wait for; gives for how many ms it may."""
        if self._band is not None and self._band.worker.socket not in poller:
            poller.register(self._band.worker.socket, zmq.POLLIN)
        return PATIENT_MS

    def check(self, values: dict[str, Any]) -> list[str]:
        """A line for each thing in a [jam] table that cannot be."""
        if not values:
            return []
        from daemon.generate.live.jam import read

        return read(values)[1]

    def show(self) -> dict[str, Any]:
        """The state as it was published last."""
        return {} if self._state is None else msgspec.to_builtins(self._state)

    def feed(self, message: m.Message) -> None:
        """A message as it is published."""
        if self._band is not None:
            try:
                self._band.feed(message)
            except Exception as error:
                self._fail(error)

    def begin(self, rate: int) -> None:
        """An engine runs: sample times begin anew."""
        self._rate = rate
        if self._band is not None:
            self._band.begin(rate)

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended."""
        return self._band.end(now) if self._band is not None else []

    def turn(self, now: int) -> list[m.Message]:
        """Play along; gives what is to be published. `now`: the stream's sample time."""
        try:
            out = self._turn(now)
        except Exception as error:
            out = []
            self._fail(error)
        failed, self._failed = self._failed, []
        for message in failed:
            message.sample_time = message.known_at = now
        return [*out, *failed]

    def _turn(self, now: int) -> list[m.Message]:
        self._tell(self._desk.book.jam)
        signs, self._desk.book.signs = self._desk.book.signs, []
        if self._band is None:
            return []
        for sign in signs:
            (self._band.cue if sign == "cue" else self._band.panic)()
        out = self._band.turn(now)
        for message in out:
            if isinstance(message, m.Jam):
                self._state = message
        return out

    def use(self, task: str, model: str, reply: Reply) -> None:
        """Have phrases or chords made by another model; `reply` is called once, now or when that is ready."""
        if self._band is not None:
            self._band.worker.use(task, model, reply)
        else:
            self._models[task] = model
            reply(waiting(task, model))

    def panic(self) -> None:
        """End all that the band plays; what it plays next is heard as the first."""
        if self._band is not None:
            self._band.panic()

    def close(self) -> None:
        """End all that the band plays."""
        if self._band is not None:
            self._band.close()

    def _tell(self, values: dict[str, Any]) -> None:
        """What is wrong in the table was said when it came."""
        if values is self._told or (not values and self._told is None and self._config.jam != "on"):
            return
        self._told = values
        if self._config.jam == "off" or (not values and self._config.jam != "on"):
            values = {"on": False}
        if self._band is None:
            if values.get("on") is False:
                return
            self._band = self.make(self._midi, self._rate, shelf.environment(self._models))
        self._band.configure(values)

    def _fail(self, error: Exception) -> None:
        """A defect of the band's silences it; the daemon lives on."""
        if self._band is not None:
            if self._band.is_off:  # and said already
                return
            self._band.retire()
        traceback.print_exception(error)
        why = f"a defect of jamd's: {error!r}; nobody plays along until the band is told something new"
        self._failed.append(m.Generator(name="band", state="failed", error=why))

    def _is_own(self, message: MidiMessage, at: int) -> bool:
        if self._band is None or message.status not in (NOTE_ON, NOTE_OFF):
            return False
        return self._band.is_own(message.channel, message.data1, message.status == NOTE_ON, at)


def _made(out: "Out", rate: int, environment: "Mapping[str, str]") -> "Band":
    from daemon.generate.live.band import Band
    from daemon.generate.live.worker import Worker

    return Band(out, rate, Worker(environment))
