"""For the clock's tests: a daemon in a thread, and a process of two JACK clients that plays MIDI and notes what it hears."""

import itertools
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon import messages as m
from daemon.app import App
from daemon.config import parse
from daemon.desk.commands import decode
from tests.engine_alone import ENGINE_ALONE

RATE, BLOCK, TICK = 48000, 1024, 1000  # samples; a tick's are those of 120 BPM

PEER = """
import json, sys, jack
player, listener = (jack.Client(name, no_start_server=True) for name in ("player", "listener"))
out, into = player.midi_outports.register("out"), listener.midi_inports.register("in")
score, heard = [], []
@player.set_process_callback
def play(n):
    start = player.last_frame_time
    out.clear_buffer()
    while score and score[0][0] < start + n:
        frame, message = score.pop(0)
        out.write_midi_event(max(0, frame - start), message)
@listener.set_process_callback
def listen(n):
    start = listener.last_frame_time
    heard.extend((start + at, *bytes(data)) for at, data in into.incoming_midi_events())
player.activate(), listener.activate()
for pair in sys.argv[1:]:
    player.connect(*pair.split(">"))
print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked is None:
        print(json.dumps(heard), flush=True)
        heard.clear()
    else:
        first = player.frame_time + 9600
        score[:] = sorted([*score, *((first + at, message) for at, message in asked)])
        print(first, flush=True)
"""


def until(done: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    ends_at = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < ends_at, f"{what}: not in time"
        time.sleep(0.01)
    return found


class Peer:
    """A sequencer and a recorder, on JACK's frames."""

    def __init__(self, *wires: str) -> None:
        command = [sys.executable, "-c", PEER, *wires]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._said() == "ready"

    def plays(self, score: list[tuple[int, list[int]]]) -> int:
        """Plays messages at frames from soon on; gives the first frame."""
        return int(self._asks(score))

    def heard(self) -> list[list[int]]:
        """(frame, *bytes) of all since this was last asked."""
        return json.loads(self._asks(None))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _asks(self, what: Any) -> str:
        assert self._process.stdin is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return self._said()

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Live:
    """A whole daemon in a thread of this process."""

    def __init__(self, folder: Path, clock: dict[str, Any], midi: dict[str, Any] | None = None, **more: Any) -> None:
        config = {
            "engine": {"driver": "jack", "device": "none"},
            "midi": midi or {"api": "off"},
            "zmq": {"address": f"ipc://{folder}/wire", "latest": "off"},
            "page": {"address": "off"},
            "control": {"address": "off"},
            "recommend": {"library": "off"},
            "clock": clock,
            "analysis": ENGINE_ALONE,
        }
        self.app = App(parse(config | more))
        self.got: list[m.Message] = []
        self.app.bus.subscribe(self.got.append)
        self._calls: queue.Queue = queue.Queue()
        self.app.on_turn = self._call
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        until(lambda: self.states()[-1:] == ["running"], "the engine", 240.0)

    def _work(self) -> None:
        self.app.run()
        self.app.close()

    def _call(self) -> None:
        while not self._calls.empty():
            call, answer = self._calls.get()
            answer.put(call())

    def do(self, call: Callable[[], Any]) -> Any:
        """Call something on the daemon's own thread."""
        answer: queue.Queue = queue.Queue()
        self._calls.put((call, answer))
        return answer.get(timeout=20)

    def asks(self, **command: Any) -> dict[str, Any]:
        """A command of the control socket's."""
        answers: list[dict[str, Any]] = []
        asked = decode(json.dumps(command).encode(), True)
        self.do(lambda: self.app.console.submit([asked], answers.append))
        return answers[0]

    def states(self) -> list[str]:
        return [one.state for one in self.got if isinstance(one, m.Engine)]

    def transports(self) -> list[m.Transport]:
        return [one for one in self.got if isinstance(one, m.Transport)]

    def leads(self, source: str, seconds: float = 20.0) -> m.Transport:
        """Waits until a source leads."""
        until(lambda: self.transports() and self.transports()[-1].source == source, f"{source} leads", seconds)
        return self.transports()[-1]

    def close(self) -> None:
        self.app.stop()
        self._thread.join(20)


def frames(heard: list[list[int]], status: int) -> list[int]:
    return [frame for frame, *message in heard if message[0] == status]


def between(ticks: list[int]) -> list[int]:
    return [two - one for one, two in itertools.pairwise(ticks)]


def are_even(ticks: list[int], samples: int = TICK) -> bool:
    """Whether every tick is where it should be, but for blocks that the machine, not jamd, left out."""
    steps = between(ticks)
    return all(step % BLOCK == samples % BLOCK for step in steps) and steps.count(samples) > 0.9 * len(steps)
