"""What a band was given, written down so that it can be given again: with that, and nothing else, it plays the same.

A band is a pure function of the messages it is fed, its table, its turns' samples, whether a port was open, and what its
slow generators answered and when. Each is written when it has happened; of the messages, `Said` and `Heard` are enough.
"""

from collections.abc import Mapping
from typing import Any

from daemon import messages as m
from daemon.flight.link import Asked, BandMade, BandTold, Came, CanPlay, Unsent, Words
from daemon.flight.log import Log
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live.band import Band
from daemon.generate.live.link import Failed, Made
from daemon.generate.live.schedule import Out
from daemon.generate.live.worker import Worker


class WatchedOut:
    """Where a band's notes leave. [main]"""

    def __init__(self, out: Out, log: Log) -> None:
        self._out, self._log, self._number = out, log, 0

    def note_on(self, port: str, channel: int, note: int, velocity: int, at: int | None = None) -> bool:
        left = self._out.note_on(port, channel, note, velocity, at)
        if not left:
            self._log.add(Unsent(self._number))
        self._number += 1
        return left

    def note_off(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        return self._out.note_off(port, channel, note, at)

    def panic(self, port: str) -> None:
        self._out.panic(port)


class WatchedWorker(Worker):
    """A band's worker. [main]"""

    def __init__(self, environment: Mapping[str, str], log: Log) -> None:
        super().__init__(environment)
        self._log = log
        self._can_play: dict[tuple[str, str], bool] = {}

    def turn(self) -> list[m.Message]:
        said = super().turn()
        words = [one for one in said if isinstance(one, m.Generator | m.Model)]
        if words:
            self._log.add(Words(words))
        return said

    def is_ready(self, role: str, name: str) -> bool:
        is_ready = super().is_ready(role, name)
        if self._can_play.get((role, name), False) != is_ready:
            self._can_play[role, name] = is_ready
            self._log.add(CanPlay(role, name, is_ready))
        return is_ready

    def ask(self, role: str, name: str, context: Context, constraints: Constraints, length: int, due_ns: int) -> int:
        number = super().ask(role, name, context, constraints, length, due_ns)
        self._log.add(Asked(number))
        return number

    def take(self, number: int) -> Made | Failed | None:
        answer = super().take(number)
        if answer is not None:
            self._log.add(Came(number, answer))
        return answer


class WatchedBand(Band):
    """[main]"""

    def __init__(self, out: Out, rate: int, environment: Mapping[str, str], log: Log) -> None:
        super().__init__(WatchedOut(out, log), rate, WatchedWorker(environment, log))
        self._log = log
        log.add(BandMade(rate, dict(environment)))

    def configure(self, values: dict[str, Any]) -> list[str]:
        try:
            return super().configure(values)
        finally:
            self._log.add(BandTold("table", 0, values))

    def turn(self, now: int) -> list[m.Message]:
        try:
            return super().turn(now)
        finally:
            self._log.turn(now)

    def retire(self) -> None:
        super().retire()
        self._log.add(BandTold("retire"))

    def cue(self) -> None:
        super().cue()
        self._log.add(BandTold("cue"))

    def panic(self) -> None:
        super().panic()
        self._log.add(BandTold("panic"))

    def begin(self, rate: int) -> None:
        super().begin(rate)
        self._log.add(BandTold("begin", rate))

    def end(self, now: int) -> list[m.Message]:
        try:
            return super().end(now)
        finally:
            self._log.add(BandTold("end", now))
