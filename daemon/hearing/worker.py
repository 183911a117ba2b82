"""The daemon's side of the process that hears: starts it, reads it, and never waits for it."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD, Companion, how
from daemon.engine.link import Memory
from daemon.engine.state import N_CAPTURE, STATE
from daemon.hearing.link import Began, Chosen, FromProcess, Heard, Open, Place
from daemon.models import shelf
from daemon.models.link import Model
from daemon.models.using import Reply, Using

SILENT_S = 5.0  # without a word: it hangs,
START_S = 120.0  # and before it hears anything, for which it may have to compile
AGAIN_S, AGAIN_MOST_S = 0.5, 30.0  # between a process's end and the next; twice as long each time
CLOSE_S = 0.5

_decode = msgspec.msgpack.Decoder(FromProcess).decode


class Worker:
    """[main]"""

    def __init__(
        self, surely: Sequence[str], perhaps: Sequence[str], memory: Memory, models: Mapping[str, str]
    ) -> None:
        """Nothing runs before `start`. `models`: task -> name, as the config has it."""
        more = ONE_THREAD | shelf.environment(models)
        self._beside = Companion("daemon.hearing.process", passed=[memory.fd], environment=more)
        self.socket = self._beside.socket  # readable when the process has said something
        self.chosen: Chosen | None = None  # what it hears, once it is ready
        self.ended = ""  # how the last one did, while there is none that is ready
        self._using = Using(self._beside)
        self._opening = Open(_place(memory), list(surely), list(perhaps))
        self._is_wanted = False

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def start(self) -> None:
        """Have one from now on."""
        self._is_wanted = True
        if not self._beside.pid and time.monotonic() >= self._beside.start_at:
            self.chosen = None
            self._beside.start()
            self._beside.tell(self._opening)

    def use(self, model: str, reply: Reply) -> None:
        """Have another model hear, as soon as it is ready; `reply` is called once, now or later."""
        self._using.use("hearing", model, reply)

    def turn(self) -> list[Heard | Began]:
        """What was heard; looks after the process."""
        found: list[Heard | Began] = []
        for packed in self._beside.said():
            packet = _decode(packed)
            if isinstance(packet, Heard | Began):
                found.append(packet)
            elif isinstance(packet, Chosen):
                self.chosen, self.ended = packet, ""
            elif isinstance(packet, Model):
                self._using.heard(packet)
        self._look(time.monotonic())
        return found

    def said(self) -> list[m.Message]:
        """What is to be published of its model."""
        said, self._using.said = self._using.said, []
        return said

    def close(self) -> None:
        """End the process. Safe when closed."""
        self._is_wanted = False
        self._beside.close(CLOSE_S)

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            if self._is_wanted:
                self.start()
            return
        code = beside.code()
        patience_s = SILENT_S if self.chosen is not None and self.chosen.analyses else START_S
        if code is None and now - beside.heard_at < patience_s and not self._using.hangs(now):
            return
        self.chosen, self.ended = None, f"its process {how(code)} and is started again"
        self._using.ended(how(code))
        beside.lose(AGAIN_S, AGAIN_MOST_S)


def _place(memory: Memory) -> Place:
    """Where the process finds the newest sound."""
    at = {name: STATE.fields[name][1] for name in ("capture", "sample_time", "epoch", "rate")}  # type: ignore[index]
    return Place(memory.fd, STATE.itemsize, at["capture"], N_CAPTURE, at["sample_time"], at["epoch"], at["rate"])
