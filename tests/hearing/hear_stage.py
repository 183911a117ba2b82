"""A daemon in this process, on the timer and the built-in performance, whose networks are a stand-in's."""

import os
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from daemon import bridge, config, registry
from daemon import messages as m
from daemon.app import App
from daemon.hearing import offline
from daemon.hearing.kinds import OF
from tests.engine_alone import ENGINE_ALONE

RATE, BLOCK = 48000, 128
LONGEST_S = 120.0  # for a machine that compiles first

Script = Generator[Any, None, None]
"""What happens: yields conditions, each a function that says whether to go on; the daemon runs meanwhile."""


class Stage:
    """[main]"""

    def __init__(self, folder: Path, analysis: dict[str, str | None], model: str = "standin") -> None:
        """`analysis`: of the config; None: left to the daemon, and what is not named the engine's."""
        chosen = {name: by for name, by in (ENGINE_ALONE | analysis).items() if by is not None}
        values = {
            "engine": {"driver": "timer", "input": "performance", "rate": RATE, "block_size": BLOCK},
            "analysis": chosen,
            "models": {"hearing": model} if model else {},
            "zmq": {"address": f"ipc://{folder}/wire", "latest": "off"},
            **{name: {"address": "off"} for name in ("control", "page")},
            "midi": {"api": "off"},
            "recommend": {"library": "off"},
            "record": {"folder": str(folder / "recorded")},
        }
        self.config = config.parse(values)
        self.app = App(self.config)
        self.got: list[m.Message] = []
        self.app.bus.subscribe(self.got.append)

    @property
    def now(self) -> int:
        return int(self.app.supervisor.state["sample_time"][0])

    def play(self, script: Script) -> None:
        """Run until the script ends."""
        waits_for = next(script)
        ends_at = time.monotonic() + LONGEST_S

        def turn() -> None:
            nonlocal waits_for
            assert time.monotonic() < ends_at, [
                one for one in self.got if isinstance(one, m.Hears | m.Engine | m.Model)
            ]
            try:
                while waits_for():
                    waits_for = next(script)
            except StopIteration:
                self.app.stop()

        self.app.on_turn = turn
        assert self.app.run() == 0, self.app.error

    def who(self, analysis: str) -> tuple[str, str]:
        """Who does it by now, and why."""
        said = [one for one in self.got if isinstance(one, m.Hears) and one.analysis == analysis]
        return (said[-1].by, said[-1].reason) if said else ("", "")

    def later(self, seconds: float) -> Any:
        """A condition: so much of the stream is over."""
        until = self.now + round(seconds * RATE)
        return lambda: self.now >= until


def told(messages: list[m.Message], *analyses: str, begin: int = -1, end: int = 1 << 62) -> list[tuple]:
    """What of them counts, of some analyses; ends of notes that began before `begin` do not."""
    found: list[tuple] = []
    begun: set[int] = set()
    for one in messages:
        if OF.get(str(one.__struct_config__.tag)) not in analyses or not begin < one.known_at <= end:
            continue
        if isinstance(one, m.NoteOn):
            begun.add(one.midi)
        elif isinstance(one, m.NoteOff) and one.midi not in begun:
            continue
        found.append((one.__struct_config__.tag, one.sample_time, one.known_at, getattr(one, "midi", 0)))
    return found


def by_file(analysis: dict[str, str], blocks: Iterable[np.ndarray]) -> list[m.Message]:
    """What a file with that sound gives."""
    how = config.parse({"analysis": ENGINE_ALONE | analysis})
    analysers = [registry.analyser(kind, name) for kind, name in how.analysers()]
    found = offline.found(blocks, RATE, 2, analysers, how.neural())
    f0_of_hops = "f0" not in how.neural()
    return [message for one in found for message in bridge.messages(one, RATE, True, f0_of_hops)]


def engine_pid() -> int:
    """Of the engine that this process has started; the spare one waits behind it."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return next(int(one) for one in children if b"daemon.engine" in Path(f"/proc/{one}/cmdline").read_bytes())
