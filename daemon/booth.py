"""The booth: what App needs of the recommender, whose process runs where there is a library."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import zmq

from daemon import messages as m
from daemon.config import Recommend
from daemon.desk.commands.command import Command
from daemon.engine.link import Memory
from daemon.engine.state import N_CAPTURE, STATE
from daemon.models import shelf
from daemon.models.using import Reply, waiting
from daemon.room import PATIENT_MS

if TYPE_CHECKING:
    from daemon.recommend.live.hearing import Hearing
    from daemon.recommend.live.worker import Worker

OFF = "off"
LOOK_S = 2.0  # between looks for a library that is not there


class Booth:
    """[main]"""

    def __init__(self, config: Recommend, memory: Memory, models: Mapping[str, str] | None = None) -> None:
        """Nothing is started yet; `memory` has the engine's newest sound; `models`: the config's."""
        self._models = dict(models or {})
        self._config, self._memory = config, memory
        self._worker: Worker | None = None
        self._hearing: Hearing | None = None
        self._look_at = 0.0
        self._rate = 0
        self._why = "recommend.library is off in the config"
        self._said_off = False

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know whom to wait for; gives for how many ms it may."""
        if self._worker is not None and self._worker.socket not in poller:
            poller.register(self._worker.socket, zmq.POLLIN)
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        """A message as it is published."""
        if self._hearing is not None:
            self._hearing.feed(message)

    def begin(self, rate: int) -> None:
        """An engine runs."""
        self._rate = rate
        if self._worker is not None:
            self._worker.stream(rate)

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended; its process sees that by itself."""
        return []

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.suggestions) carried out; `reply` is called once, now or later."""
        if self._worker is None:
            reply({"error": {"code": 409, "text": self._why}})
            return
        self._worker.do([msgspec.to_builtins(command) for command in commands], reply, check)

    def use(self, model: str, reply: Reply) -> None:
        """Have the next item foretold by another network; `reply` is called once, now or when that is ready."""
        if self._worker is not None:
            self._worker.use(model, reply)
        else:
            self._models["next"] = model
            reply(waiting("next", model))

    def turn(self, now: int) -> list[m.Message]:
        """Look after the recommender; gives what is to be published. `now`: the stream's sample time."""
        if self._worker is None:
            out = self._open()
        else:
            heard = self._hearing.moved() if self._hearing is not None else None
            if heard is not None:
                self._worker.sound(heard)
            out = self._worker.turn()
        for message in out:
            message.sample_time = message.known_at = now
        return out

    def close(self) -> None:
        """End the recommender's process."""
        if self._worker is not None:
            self._worker.close()

    def _open(self) -> list[m.Message]:
        """Start once there is a library; until then say once what to do."""
        now = time.monotonic()
        if self._config.library == OFF or now < self._look_at:
            return []
        self._look_at = now + LOOK_S
        from daemon.recommend.library.database import default_path

        path = Path(self._config.library).expanduser() if self._config.library else default_path()
        if not path.exists():
            self._why = f"no suggestions: there is no library at {path}; `jamd library scan DIR` makes one"
            was_said, self._said_off = self._said_off, True
            return [] if was_said else [m.Recommender(state="off", error=self._why, library=str(path))]
        from daemon.recommend.live.hearing import Hearing
        from daemon.recommend.live.link import Open, Place
        from daemon.recommend.live.worker import Worker

        config = self._config
        offsets = {name: STATE.fields[name][1] for name in ("capture", "sample_time", "epoch")}  # type: ignore[index]
        place = Place(
            self._memory.fd,
            STATE.itemsize,
            offsets["capture"],
            N_CAPTURE,
            offsets["sample_time"],
            offsets["epoch"],
        )
        self._hearing = Hearing()
        self._worker = Worker(
            Open(
                str(path),
                config.recognise,
                list(config.now_playing),
                list(config.families),
                config.n,
                config.dj,
                config.wishes,
                place if config.recognise else None,
            ),
            shelf.environment(self._models),
        )
        if self._rate:
            self._worker.stream(self._rate)
        return []
