"""The alarm: whatever sounds or shines is ended at once, whoever asks for it.

Sound falls silent in 10 ms and is back after a quarter of a second (daemon.engine.panic); every note ends, at every output
and on every channel; lights go to their safe look and stay there until they are told to go on. What the daemon is too busy
or too dead to end, its processes end by themselves: they watch `daemon_pulse` and the daemon's ends of their pipes.
"""

import time
from collections.abc import Sequence
from typing import Any

import zmq

from daemon import messages as m
from daemon.bandstand import Bandstand
from daemon.desk.commands.command import Command
from daemon.desk.commands.lights import Lights
from daemon.desk.commands.panic import Panic
from daemon.engine.supervisor import Supervisor
from daemon.lighting import Lighting
from daemon.midi.desk import MidiDesk
from daemon.pulse import STANDS_S
from daemon.room import PATIENT_MS
from daemon.service.router import Reply

BACK_S = 1.0
"""An engine that is not back by then takes the lights along."""
SILENT_S = 0.2
"""For the last sound to fade and the last notes to end, at most."""
HEARD_S = 0.03
"""For JACK to hand over what has left."""


class Alarm:
    """[main]"""

    def __init__(self, supervisor: Supervisor, midi: MidiDesk, stand: Bandstand, lighting: Lighting) -> None:
        self._supervisor, self._midi, self._stand, self._lighting = supervisor, midi, stand, lighting
        self._said: list[m.Message] = []
        self._signalled = False
        self._hangs = 0  # of the daemon, that the engine has counted
        self._dark_at: float | None = None  # when lights go safe, should no engine be back
        self._took_lights = False  # along with an engine

    def panic(self, why: str, text: str = "") -> list[str]:
        """End everything now; gives the MIDI outputs that are told."""
        self._supervisor.state["panics"][0, 0] += 1
        self._stand.panic()
        told = self._midi.panic_all()
        self._lighting.safe(why)
        self._took_lights = False
        self._said.append(m.Panic(why=why, text=text))
        return told

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.panic) carried out."""
        reply({"ok": True, "results": [self._do(one, check) for one in commands if isinstance(one, Panic)]})

    def _do(self, command: Panic, check: bool) -> dict[str, Any]:
        if check:
            return {"over": command.over}
        if not command.over:
            runs = self._supervisor.running
            return {"over": False, "midi": self.panic(command.why), "sound": "faded" if runs else "none"}
        self._light_again()
        self._said.append(m.Panic(why=command.why, over=True))
        return {"over": True}

    def attend(self, poller: zmq.Poller) -> int:
        return 0 if self._said else PATIENT_MS

    def feed(self, message: m.Message) -> None:
        """An engine that ends with its input is no panic."""
        if isinstance(message, m.Engine) and message.state in ("lost", "died", "hung"):
            self._said.append(m.Panic(why="engine", text="the engine has ended, and every note; it is started again"))

    def begin(self, rate: int) -> None:
        """An engine runs; lights that an engine's end took along go on."""
        if self._dark_at is not None or self._took_lights:  # JACK may have lost a cycle, and what was told in it
            self._midi.panic_all()
        self._dark_at, self._hangs = None, 0
        if self._took_lights:
            self._light_again()
            self._said.append(m.Panic(why="engine", over=True))

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended, and its sound with it: whoever hears jamd's notes is told that they end."""
        self._midi.panic_all()
        self._dark_at = time.monotonic() + BACK_S
        return []

    def turn(self, now: int) -> list[m.Message]:
        hangs = int(self._supervisor.state["daemon_hangs"][0])
        if hangs > self._hangs:  # the processes have ended everything; what is known of it here is no more
            self._stand.panic()
            self._midi.panic_all()
            text = f"jamd stood still for more than {STANDS_S:g} s; all that sounded was ended meanwhile"
            self._said.append(m.Panic(why="watchdog", text=text))
        self._hangs = hangs
        if self._dark_at is not None and time.monotonic() >= self._dark_at:
            self._dark_at, self._took_lights = None, True
            self._lighting.safe("engine")
            self._said.append(m.Panic(why="engine", text=f"no sound for {BACK_S:g} s; lights are safe"))
        said, self._said = self._said, []
        for message in said:
            message.sample_time = message.known_at = now
        return said

    def hush(self) -> None:
        """Let the sound fade now: a signal ends the daemon. [any]"""
        self._signalled = True
        self._supervisor.state["hush"][0, 0] = 1

    def finish(self) -> list[m.Message]:
        """The daemon ends: sound first, then notes and lights; waits until they have, for SILENT_S at most."""
        self._supervisor.state["hush"][0, 0] = 1
        self.panic("signal")
        state, ends_at = self._supervisor.state[0], time.monotonic() + SILENT_S
        while self._supervisor.running and time.monotonic() < ends_at:
            if state["faded"] == state["fade_samples"] and state["ending"] == 0:
                time.sleep(HEARD_S)
                break
            time.sleep(0.002)
        return self.turn(int(state["sample_time"])) if self._signalled else []

    def close(self) -> None: ...

    def _light_again(self) -> None:
        self._took_lights = False
        self._lighting.submit([Lights(to="go")], lambda answer: None)
