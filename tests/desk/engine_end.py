"""The engine's end of the desk's connection in a few lines: it carries orders out at once, or when a test lets it."""

from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon import messages as m
from daemon.desk.commands import decode
from daemon.desk.desk import RackDesk
from daemon.plugins.plugin import Info, Param, PluginError
from daemon.rack.protocol import Done, News, Order
from dsp.block import BLOCK

INFO = Info("fake:comp", "fake", "Fake Comp", params=[Param(0, "thr", "Threshold"), Param(1, "mode", "Mode", steps=3)])
START = {"thr": 0.5, "mode": 0.0}


class Shelf:
    """What plugins there are: one, and one that does not open."""

    def find(self, name: str) -> Info:
        if name in ("comp", "fake:comp", "fake:broken"):
            return msgspec.structs.replace(INFO, name=f"fake:{name.removeprefix('fake:')}")
        raise PluginError(f"there is no plugin {name!r}")

    def search(self, words: str) -> list[Info]:
        return [INFO] if words in INFO.title else []


class EngineEnd:
    """Carries out orders as a rack would; a text is `N dB` of -100 to 0."""

    def __init__(self) -> None:
        self.near, self.far = Pipe()
        self.orders: list[Order] = []
        self.values: dict[int, dict[str, float]] = {}

    def serve(self) -> None:
        """All that has been ordered."""
        while self.far.poll(0):
            order = msgspec.msgpack.decode(self.far.recv_bytes(), type=Order)
            self.orders.append(order)
            self.say(self.carry_out(order))

    def carry_out(self, order: Order) -> Done:
        done = Done(order.number)
        slots = {slot.uid: slot for _, slot in order.document.slots()} if order.document else {}
        for uid, slot in slots.items():
            if slot.plugin == "fake:broken":
                done.failed[uid] = "fake:broken is broken"
            elif uid not in self.values:
                said = {key: self._value(value) for key, value in slot.params.items()}
                done.params[uid] = self.values[uid] = START | said
                done.opened[uid] = INFO
        if order.document is not None:
            self.values = {uid: values for uid, values in self.values.items() if uid in slots}
        for one in order.sets:
            self.values[one.uid][one.param] = one.value
        done.texts = [f"{value * 100 - 100:.1f} dB" for _, _, value in order.texts]
        done.values = [self._value(text) for _, _, text in order.values]
        if order.save:
            for uid in self.values:
                path = Path(order.save) / f"{uid}.state"
                path.write_bytes(msgspec.json.encode(self.values[uid]))
                done.saved[uid] = str(path)
        return done

    def say(self, message: Done | News) -> None:
        self.far.send_bytes(msgspec.msgpack.encode(message))

    @staticmethod
    def _value(value: float | str) -> Any:
        if isinstance(value, float):
            return value
        try:
            return (float(value.removesuffix(" dB")) + 100) / 100
        except ValueError:
            return f"!{value} means nothing"


class Rig:
    """A desk, and the engine it talks to, if there is one."""

    def __init__(self) -> None:
        self.block = np.zeros(1, BLOCK)
        self.desk = RackDesk(Shelf(), self.block[0])
        self.engine: EngineEnd | None = None
        self.said: list[m.Message] = []

    def start(self) -> EngineEnd:
        """A new engine."""
        self.block[:] = 0
        self.engine = EngineEnd()
        self.desk.begin(self.engine.near)
        self.settle()
        return self.engine

    def settle(self) -> None:
        """Until both have nothing to do."""
        for _ in range(20):
            if self.engine is not None:
                self.engine.serve()
            self.said += self.desk.turn(0)

    def die(self, slot: int = 0, opening: int = 0, has_run: bool = True) -> bool:
        """The engine is gone, while one plugin ran or was opened."""
        self.block["slot"], self.block["opening"] = slot, opening
        self.engine.near.close()
        self.engine.far.close()
        self.engine = None
        return self.desk.died(has_run)

    def ask(self, *commands: dict[str, Any], **how: Any) -> dict[str, Any]:
        """The answer to a batch, which must come."""
        answers: list[dict[str, Any]] = []
        self.desk.submit([decode(msgspec.json.encode(one), True) for one in commands], answers.append, **how)
        self.settle()
        assert len(answers) == 1, "a batch is answered once"
        return answers[0]

    def do(self, *commands: dict[str, Any]) -> list[Any]:
        """The results of a batch that is done."""
        answer = self.ask(*commands)
        assert answer.get("ok"), answer
        return answer["results"]

    def heard(self, kind: type) -> list[Any]:
        """What was published of a kind since the last call of this."""
        self.said += self.desk.turn(0)
        found = [one for one in self.said if type(one) is kind]
        self.said = [one for one in self.said if type(one) is not kind]
        return found
