"""The daemon's side of the recommender process: starts it, tells it, publishes what it says, and never waits for it.

A process that died or hangs is started again and told all that it must know; the session is in the library. The last list
of suggestions stays while a new one is late, and says so.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD, Companion, how
from daemon.errors import REFUSALS
from daemon.models.link import Model
from daemon.models.using import Reply, Using
from daemon.recommend.item import Profile
from daemon.recommend.live.link import Began, Do, Done, FromProcess, NotDone, Open, Say, Sound, Stream

LATE_S = 0.5  # for a new list
PATIENCE_S = 30.0  # for the answer to commands, which may wait until the library is read
SILENT_S = 30.0  # without a word: it hangs,
START_S = 600.0  # and before its first list, for which it may have to compile
AGAIN_S, AGAIN_MOST_S = 1.0, 30.0  # between a process's end and the next; twice as long each time
CLOSE_S = 1.0
WAITING = 256  # requests

STAYS = "what was suggested last stays"

_decode = msgspec.msgpack.Decoder(FromProcess).decode


class Worker:
    """[main]"""

    def __init__(self, opening: Open, environment: Mapping[str, str] | None = None) -> None:
        """Starts the process; `environment` is added to its."""
        passed = [opening.place.fd] if opening.place is not None else []
        self._beside = Companion(
            "daemon.recommend.live.process", passed=passed, environment=ONE_THREAD | dict(environment or {})
        )
        self.socket = self._beside.socket  # readable when the process has said something
        self._opening = opening
        self._using = Using(self._beside)
        self._stream: Stream | None = None
        self._sound: Sound | None = None
        self._asked: dict[int, tuple[Reply, float]] = {}  # number -> whom to answer, and when it was asked
        self._number = 0
        self._said: list[m.Message] = []
        self._last: m.Suggestions | None = None
        self._began_at = 0.0  # a list is being made since
        self._late = 0
        self._is_up = False  # this process has made a list
        self._start()

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def stream(self, rate: int) -> None:
        """An engine runs at `rate` Hz."""
        self._stream = Stream(rate)
        self._beside.tell(self._stream)

    def sound(self, heard: Profile) -> None:
        """Energy, key or tempo of what is heard have moved."""
        self._sound = Sound(heard)
        self._beside.tell(self._sound)

    def do(self, commands: Sequence[dict[str, Any]], reply: Reply, check: bool) -> None:
        """Have commands carried out, all or none; `reply` is called once, now or later."""
        self._number += 1
        if not self._beside.pid:
            _refuse(reply, 503, "the recommender is being started again; ask once more")
        elif len(self._asked) >= WAITING or not self._beside.tell(Do(self._number, list(commands), check)):
            _refuse(reply, 429, "the recommender is busy; ask again")
        else:
            self._asked[self._number] = reply, time.monotonic()

    def use(self, model: str, reply: Reply) -> None:
        """Have the next item foretold by another network, as soon as that is ready; `reply` is called once, now or later."""
        self._using.use("next", model, reply)

    def turn(self) -> list[m.Message]:
        """Take what was said, look after the process; gives what is to be published."""
        for packed in self._beside.said():
            self._hear(_decode(packed))
        now = time.monotonic()
        self._look(now)
        if self._began_at and now - self._began_at > LATE_S:
            self._began_at = 0.0
            self._late += 1
            self._say_again()
        for number, (reply, asked_at) in list(self._asked.items()):
            if now - asked_at > PATIENCE_S:
                del self._asked[number]
                _refuse(reply, 504, "the recommender has not answered in time")
        said, self._said = [*self._said, *self._using.said], []
        self._using.said = []
        return said

    def close(self) -> None:
        """End the process; what it had to write it has written. Safe when closed."""
        self._beside.close(CLOSE_S)

    def _start(self) -> None:
        self._beside.start()
        self._is_up = False
        for packet in (self._opening, self._stream, self._sound):
            if packet is not None:
                self._beside.tell(packet)

    def _hear(self, packet: FromProcess) -> None:
        if isinstance(packet, Say):
            message = packet.message
            if isinstance(message, m.Suggestions):
                self._began_at, message.late, self._last, self._is_up = 0.0, self._late, message, True
            self._said.append(message)
        elif isinstance(packet, Began):
            self._began_at = self._began_at or time.monotonic()
        elif isinstance(packet, Done | NotDone):
            asked = self._asked.pop(packet.number, None)
            if asked is not None and isinstance(packet, Done):
                asked[0]({"ok": True, "results": packet.results})
            elif asked is not None and isinstance(packet, NotDone):
                _refuse(asked[0], packet.code, packet.text, packet.at)

        elif isinstance(packet, Model):
            self._using.heard(packet)

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            if now >= beside.start_at:
                self._start()
            return
        code = beside.code()
        is_heard = now - beside.heard_at < (SILENT_S if self._is_up else START_S)
        if code is None and is_heard and not (self._is_up and self._using.hangs(now)):
            return
        beside.lose(AGAIN_S, AGAIN_MOST_S)
        for packed in beside.said():  # its last words
            self._hear(_decode(packed))
        for reply, _ in self._asked.values():
            _refuse(reply, 503, "the recommender's process ended; it is started again, and the session is kept")
        self._asked.clear()
        self._using.ended(how(code))
        error = f"the recommender's process {how(code)} and is started again; {STAYS}"
        self._said.append(m.Recommender(state="hung" if code is None else "died", error=error))
        self._began_at = 0.0
        self._say_again()

    def _say_again(self) -> None:
        if self._last is not None:
            self._said.append(msgspec.structs.replace(self._last, stale=True, late=self._late))


def _refuse(reply: Reply, code: int, text: str, at: int = -1) -> None:
    assert code in REFUSALS
    reply({"error": {"code": code, "text": text} | ({"at": at} if at >= 0 else {})})
