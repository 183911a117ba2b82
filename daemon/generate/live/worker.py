"""The daemon's side of the generator process: starts it, asks it, and never waits for it.

A process that died is started again, one that hangs is ended first. What cannot be loaded is said once and not tried again
until somebody asks for it anew.
"""

import time
from collections.abc import Mapping, Sequence

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD, Companion, how
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.link import (
    Alive,
    Ask,
    Cancel,
    Failed,
    FromProcess,
    Hear,
    Load,
    Made,
    Missing,
    Ready,
)
from daemon.generate.note import Played
from daemon.models.link import Model
from daemon.models.using import Reply, Using

HANG_S = 2.0  # beyond the moment an answer was due
SILENT_S = 3.0  # without a word while nothing is asked
START_S = 60.0  # before the first word, and while something is loaded
AGAIN_S = 1.0  # between a process's end and the next
CLOSE_S = 0.5
DEATHS = 3  # in a row while one generator was loaded: that one is left out

ENDED = "the process ended"
PLAYS_ON = "the band plays by rule meanwhile"

_decode = msgspec.msgpack.Decoder(FromProcess).decode

Name = tuple[str, str]
"""(role, name) of a generator."""


class Worker:
    """One process for all slow generators. [main]"""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """`environment` is added to the process's. It starts when the first generator is wanted."""
        more = ONE_THREAD | dict(environment or {})
        self._beside = Companion("daemon.generate.live.process", environment=more)
        self.socket = self._beside.socket  # readable when the process has said something
        self._wanted: dict[Name, str] = {}  # -> target
        self._missing: dict[Name, str] = {}  # -> why
        self._loading: dict[Name, None] = {}  # in the order in which they are loaded
        self._ready: set[Name] = set()
        self._deaths: dict[Name, int] = {}
        self._asked: dict[int, int] = {}  # number -> due, CLOCK_MONOTONIC ns
        self._answers: dict[int, Made | Failed] = {}
        self._number = 0
        self._using = Using(self._beside)
        self._said: list[m.Message] = []
        self._start_at = 0.0
        self._started = False

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def want(self, role: str, name: str, target: str) -> None:
        """Have a generator made, and again in each process to come; also one that was missing is tried anew."""
        if self._wanted.get((role, name)) == target and (role, name) not in self._missing:
            return
        self._wanted[role, name] = target
        self._missing.pop((role, name), None)
        if not self._beside.pid:
            if not self._start_at:
                self._start()
        else:
            self._load(role, name)

    def is_ready(self, role: str, name: str) -> bool:
        """Whether it can be asked."""
        return (role, name) in self._ready

    def missing(self, role: str, name: str) -> str:
        """Why it cannot be asked, now or later; empty where it can, or will."""
        return self._missing.get((role, name), "")

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Tell all generators what was played; a process that does not read misses it."""
        if self._ready and notes:
            self._beside.tell(Hear(list(notes), context))

    def ask(self, role: str, name: str, context: Context, constraints: Constraints, length: int, due_ns: int) -> int:
        """Have something made by then (CLOCK_MONOTONIC); its number, or 0: there is nobody to ask."""
        if (role, name) not in self._ready:
            return 0
        self._number += 1
        if not self._beside.tell(Ask(self._number, role, name, context, constraints, length, due_ns)):
            return 0
        self._asked[self._number] = max(due_ns, time.monotonic_ns())
        return self._number

    def cancel(self, number: int) -> None:
        """Nobody needs it any more."""
        self._answers.pop(number, None)
        if number in self._asked:
            self._beside.tell(Cancel(number))

    def take(self, number: int) -> Made | Failed | None:
        """The answer, once; None: there is none yet."""
        return self._answers.pop(number, None)

    def use(self, task: str, model: str, reply: Reply) -> None:
        """Have a task done by another model, as soon as that is ready; `reply` is called once, now or later."""
        self._using.use(task, model, reply)

    def turn(self) -> list[m.Message]:
        """Take what was answered, look after the process; gives what is to be published."""
        for packed in self._beside.said():
            self._hear(_decode(packed))
        self._look(time.monotonic())
        while len(self._answers) > 64:  # that nobody took
            del self._answers[next(iter(self._answers))]
        said, self._said = [*self._said, *self._using.said], []
        self._using.said = []
        return said

    def close(self) -> None:
        """End the process. Safe when closed."""
        self._beside.close(CLOSE_S)

    def _start(self) -> None:
        self._beside.start()
        self._started, self._start_at = False, 0.0
        for name in self._wanted:
            if name not in self._missing:
                self._load(*name)

    def _load(self, role: str, name: str) -> None:
        self._loading[role, name] = None
        self._beside.heard_at = time.monotonic()
        self._beside.tell(Load(role, name, self._wanted[role, name]))

    def _hear(self, packet: FromProcess) -> None:
        if isinstance(packet, Made | Failed):
            if self._asked.pop(packet.number, None) is not None:
                self._answers[packet.number] = packet
        elif isinstance(packet, Ready):
            key = packet.role, packet.name
            self._loading.pop(key, None)
            self._deaths.pop(key, None)
            self._ready.add(key)
            self._tell(f"{packet.role}:{packet.name}", "running")
        elif isinstance(packet, Missing):
            self._lose((packet.role, packet.name), packet.reason)
        elif isinstance(packet, Model) and self._using.heard(packet):
            for name in list(self._missing):  # it may be what they lacked
                self.want(*name, self._wanted[name])
        if not self._started and isinstance(packet, Alive | Ready | Missing):
            self._started = True
            self._tell("", "running")

    def _lose(self, key: Name, reason: str) -> None:
        self._loading.pop(key, None)
        self._ready.discard(key)
        self._missing[key] = reason
        self._tell(":".join(key), "missing", f"{reason}; the part is played by rule")

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            if self._start_at and now >= self._start_at:
                self._start()
            return
        code = beside.code()
        if code is None and not self._hangs(now):
            return
        beside.end()
        self._start_at = now + AGAIN_S
        for packed in beside.said():  # its last words
            self._hear(_decode(packed))
        for number in self._asked:
            self._answers[number] = Failed(number, ENDED)
        self._asked.clear()
        self._ready.clear()
        self._using.ended(how(code))
        state = "hung" if code is None else "died"
        self._tell("", state, f"the generators' process {how(code)} and is started again; {PLAYS_ON}")
        if self._loading:
            self._blame(next(iter(self._loading)))
        self._loading.clear()

    def _hangs(self, now: float) -> bool:
        if self._using.hangs(now):
            return True
        if self._loading or not self._started:
            return now - self._beside.heard_at > START_S
        if self._asked:
            return now * 1e9 > min(self._asked.values()) + HANG_S * 1e9
        return now - self._beside.heard_at > SILENT_S

    def _blame(self, key: Name) -> None:
        """The process ended while this was loaded; too often, and it is left out."""
        self._deaths[key] = self._deaths.get(key, 0) + 1
        if self._deaths[key] >= DEATHS:
            self._lose(key, f"the process ended {DEATHS} times while it was loaded")

    def _tell(self, name: str, state: str, error: str = "") -> None:
        self._said.append(m.Generator(name=name, state=state, error=error))
