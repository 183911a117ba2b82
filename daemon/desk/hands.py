"""What hands do: every MIDI message that comes by is held against the mappings, and may be one to learn."""

from collections.abc import Callable

from daemon.desk.commands.clock import ClockRun, ClockTap
from daemon.desk.commands.command import Command
from daemon.desk.commands.jam import Jam, JamCue, JamPanic
from daemon.desk.commands.lights import Lights
from daemon.desk.commands.panic import Panic
from daemon.desk.commands.params import Bypass
from daemon.desk.commands.snapshots import Recall
from daemon.desk.commands.takes import Take
from daemon.desk.desk import RackDesk
from daemon.desk.learn import Action, Learn, Mapping, Message


class Hands:
    """[main]"""

    def __init__(self, desk: RackDesk, others: Callable[[Command], None] | None = None) -> None:
        """`others` has a command carried out that is not the desk's."""
        self._desk, self._others = desk, others or (lambda command: None)
        self._learn = Learn()
        self._target: Mapping | None = None

    def feed(self, message: Message) -> None:
        """Do what a message is mapped to."""
        book = self._desk.book
        if book.learning is not self._target:
            self._target = book.learning
            self._learn.learn(self._target)
        self._learn.mappings = book.mappings
        actions, learnt = self._learn.feed(message)
        if learnt is not None:
            self._target = None
            self._desk.map(learnt)
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        """A target that is not there is passed over: the preset's loading said so."""
        mapping, value = action
        desk = self._desk
        slot = next((slot for _, slot in desk.book.document.slots() if slot.name == mapping.plugin), None)
        if mapping.to == "snapshot":
            if value is not None and value < len(desk.book.snapshots):
                desk.submit([Recall(int(value) + 1)], _heard, "midi")
        elif mapping.to == "jam":
            desk.submit([self._sign(mapping)], _heard, "midi")
        elif mapping.to == "clock":
            self._others(ClockTap() if mapping.clock == "tap" else ClockRun(mapping.clock or "stop"))
        elif mapping.to == "lights":
            self._others(Lights(master=value) if mapping.lights == "master" else Lights(to=mapping.lights or "go"))
        elif mapping.to == "panic":
            self._others(Panic(why="midi"))
        elif mapping.to == "take":
            self._others(Take())
        elif slot is None:
            pass
        elif mapping.to == "bypass":
            if value is None or bool(value) != slot.bypass:
                desk.submit([Bypass(slot.name, None if value is None else bool(value))], _heard, "midi")
        elif value is not None:
            desk.turn_knob(slot.uid, mapping.param, value, "midi")

    def _sign(self, mapping: Mapping) -> Command:
        if mapping.jam == "on":
            jam = self._desk.book.jam
            return Jam(on=not (jam and jam.get("on", True)))
        if mapping.jam == "cue":
            return JamCue()
        return JamPanic() if mapping.jam == "panic" else Jam(mode=mapping.jam)


def _heard(answer: dict) -> None:
    """Hands do not read answers; what changed is published."""
