"""The front of house: what App needs of the page and the services, whose process starts when somebody comes.

Somebody comes when the page's socket becomes readable, or with the first of the services' commands on the control socket.
Until then nothing is loaded, and nobody is served but by the kernel. A process that died comes back in the same way.
"""

import select
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import zmq

from daemon import messages as m
from daemon.companion import Companion, how
from daemon.config import Page, Services
from daemon.desk.commands.command import Command
from daemon.errors import UserError
from daemon.front.inner import Inner
from daemon.front.link import Alive, FromProcess, Open
from daemon.front.place import Place, opened
from daemon.front.relay import Relay
from daemon.room import PATIENT_MS
from daemon.service.router import Reply, Submit

SILENT_S = 5.0  # without a word: it hangs,
START_S = 60.0  # and before its first
AGAIN_S, AGAIN_MOST_S = 0.5, 30.0  # between a process's end and the next; twice as long each time
CLOSE_S = 3.0
PAGE = "page"

_decode = msgspec.msgpack.Decoder(FromProcess).decode


class Front:
    """[main]"""

    def __init__(
        self,
        page: Page,
        services: Services,
        library: str,
        models: dict[str, str],
        decode: Callable[[msgspec.Raw, bool], Any],
        submit: Submit,
    ) -> None:
        """Bind the page's socket; a port that is taken is told, and all else goes on. Nothing is started.

        `decode` and `submit` as of daemon.service.router: for the daemon's own commands. Raises PageError for no place.
        """
        self._services, self._library, self._models = services, library, models
        self._decode, self._submit = decode, submit
        self._out: list[m.Message] = []
        self._place = Place()
        if page.address != "off":
            self._place = opened(page.address)
            if self._place.error:
                self._out.append(m.Output(name=PAGE, state="failed", error=self._place.error))
        self._said = m.Service(state="idle")
        self._out.append(self._said)
        self._last: dict[tuple, m.Message] = {}  # of those that are kept, until there is an inner publisher
        self._inner: Inner | None = None
        self._relay = Relay()
        listening = self._place.listening
        passed = [listening.fileno()] if listening is not None else []
        self._beside = Companion("daemon.front.process", passed=passed)
        self._is_up = False
        self._done: Counter[str] = Counter()  # by processes that have ended
        self._refused: Counter[str] = Counter()
        self._is_polled = False

    @property
    def url(self) -> str:
        """Where a browser finds the page, with the token where one is needed; empty: nowhere."""
        return self._place.url

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.services) carried out; `reply` is called once, now or later."""
        now = time.monotonic()
        if not self._beside.pid and not self._start(now):
            left_s = self._beside.start_at - now
            text = self._said.error if self._said.state == "failed" else "the services' process has ended"
            text = f"{text}; it may start again in {left_s:.0f} s: ask then"
            reply({"error": {"code": 503, "text": text}})
            return
        self._relay.ask(commands, reply, check, now)

    def attend(self, poller: zmq.Poller) -> int:
        if self._beside.socket not in poller:
            poller.register(self._beside.socket, zmq.POLLIN)
        for socket in (self._relay.socket, *(self._inner.sockets if self._inner else ())):
            if socket is not None and socket not in poller:
                poller.register(socket, zmq.POLLIN)
        listening = self._place.listening
        if listening is not None and self._is_polled != self._waits():
            self._is_polled = not self._is_polled
            if self._is_polled:
                poller.register(listening, zmq.POLLIN)
            else:
                poller.unregister(listening)
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        if self._inner is not None:
            self._inner.publish(message)
        elif message.keep_last:
            self._last[message.kept_as] = message

    def begin(self, rate: int) -> None:
        pass

    def end(self, now: int) -> list[m.Message]:
        return []

    def turn(self, now: int) -> list[m.Message]:
        at = time.monotonic()
        for packed in self._beside.said():
            packet, self._is_up = _decode(packed), True
            if not isinstance(packet, Alive):
                self._hear(packet.message)
        self._look(at)
        self._relay.turn(at)
        if self._inner is not None:
            self._inner.turn()
        if (
            self._place.listening is not None
            and self._waits()
            and select.select([self._place.listening.fileno()], [], [], 0)[0]
        ):
            self._start(at)
        said, self._out = self._out, []
        for message in said:
            message.sample_time = message.known_at = now
        return said

    def close(self) -> None:
        self._relay.refuse_all(503, "jamd ends; ask again when it runs")
        self._beside.close(CLOSE_S if self._beside.pid else 0.0)
        self._relay.close()
        if self._inner is not None:
            self._inner.close()
        if self._place.listening is not None:
            self._place.listening.close()

    def _waits(self) -> bool:
        """Whether somebody who comes to the page is to be noticed."""
        return self._place.listening is not None and not self._beside.pid and time.monotonic() >= self._beside.start_at

    def _start(self, now: float) -> bool:
        """Start the process; False: it cannot be, or it is too early to start it again."""
        if now < self._beside.start_at:
            return False
        try:
            inner = self._opened_inner()
            self._beside.start()
        except (UserError, OSError) as error:  # no room in the temporary folder, no process, no descriptor
            self._beside.lose(AGAIN_MOST_S, AGAIN_MOST_S)
            text = f"page and services cannot start: {error}; mend that"
            self._said = m.Service(state="failed", error=text)
            self._out.append(self._said)
            return False
        place = self._place
        self._is_up = False
        self._beside.tell(
            Open(
                place.listening.fileno() if place.listening is not None else -1,
                place.is_here,
                place.token,
                inner.published,
                inner.control,
                inner.asked,
                self._services.workers,
                self._services.waiting,
                self._library,
                self._models,
            )
        )
        return True

    def _opened_inner(self) -> Inner:
        """Raises BindError, OSError."""
        if self._inner is None:
            self._inner = Inner(self._decode, self._submit)
            for message in self._last.values():
                self._inner.publish(message)
            self._last.clear()
            self._relay.connect(self._inner.asked, self._inner.context)
        return self._inner

    def _hear(self, said: m.Service | m.Output) -> None:
        if isinstance(said, m.Service):
            self._said = said
            said.done = dict(self._done + Counter(said.done))
            said.refused = dict(self._refused + Counter(said.refused))
        self._out.append(said)

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            return
        code = beside.code()
        if code is None and now - beside.heard_at < (SILENT_S if self._is_up else START_S):
            return
        beside.lose(AGAIN_S, AGAIN_MOST_S)
        self._relay.refuse_all(500, f"the services' process {how(code)}; ask again, it starts when somebody does")
        self._done, self._refused = Counter(self._said.done), Counter(self._said.refused)
        error = f"the process of page and services {how(code)}; it starts again when somebody comes"
        state = "hung" if code is None else "died"
        self._said = m.Service(state=state, done=dict(self._done), refused=dict(self._refused), error=error)
        self._out.append(self._said)
