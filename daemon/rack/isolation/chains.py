"""The isolated chains of a rack: to the rack each is a chain with one plugin, to its own process a rack with one chain."""

import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from daemon.rack.isolation import futex
from daemon.rack.live import LiveSlot
from daemon.rack.model import SIDE, Chain, Document, Slot
from daemon.rack.protocol import Done, News, Order

if TYPE_CHECKING:
    from daemon.rack.isolation.chain import Isolated

AVAILABLE = sys.platform == "linux" and futex.AVAILABLE and hasattr(os, "pidfd_open")

POLL_S = 0.002


class Isolation:
    """All methods: [main], one thread, which outlives every process."""

    def __init__(self, rate: float, rack: np.ndarray) -> None:
        """`rate` in Hz; `rack` is the RACK record, shape (1,), whose audio thread the processes are put beside."""
        self._rate = rate
        self._chains: dict[int, Isolated] = {}
        self._answers: dict[int, Done] = {}
        if AVAILABLE:  # late, and only here: what it needs there is on Linux only
            from daemon.rack.isolation.beside import Beside
            from daemon.rack.isolation.spare import Spare

            self._spare, self._beside = Spare(), Beside(rack)

    def carry_out(self, order: Order, done: Done) -> Order:
        """Have every process do its part of an order, and wait for it; gives what is left for the rack itself to do."""
        self._follow()  # an answer may take its time
        told: dict[int, Order] = {}
        if order.document is not None:
            isolated = {chain.uid: chain for chain in order.document.chains if _is_isolated(chain, done)}
            self._chains = {uid: one for uid, one in self._chains.items() if uid in isolated}
            for uid, chain in isolated.items():
                if uid not in self._chains:
                    self._chains[uid] = self._isolate(chain)
                self._chains[uid].name = chain.name
                if _inner(chain) != self._chains[uid].document:
                    told[uid] = Order(order.number, _inner(chain))
            outer = [_outer(chain) if chain.uid in isolated else chain for chain in order.document.chains]
            order = msgspec.structs.replace(order, document=Document(outer))
        for uid, one in self._chains.items():
            part = _part(order, told.get(uid, Order(order.number)), one.plugins | _plugins(told.get(uid)))
            if part != Order(order.number):
                one.tell(part)
                told[uid] = part
        while not all(self._chains[uid].is_answered for uid in told):
            time.sleep(POLL_S)
            for one in self._chains.values():
                one.step()
        self._answers = {uid: self._chains[uid].answer() for uid in told}
        for answer in self._answers.values():
            done.opened |= answer.opened
            done.failed |= answer.failed
            done.params |= answer.params
            done.saved |= answer.saved
            done.warned += answer.warned
        self._follow()
        theirs = set().union(*(one.plugins for one in self._chains.values()))
        return msgspec.structs.replace(order, sets=[one for one in order.sets if one.uid not in theirs])

    def answer(self, order: Order, done: Done) -> None:
        """Put the processes' answers in the places that the rack could not fill."""
        for uid, answer in self._answers.items():
            theirs = self._chains[uid].plugins
            texts = [k for k, (plugin, _, _) in enumerate(order.texts) if plugin in theirs]
            for k, text in zip(texts, answer.texts, strict=False):
                done.texts[k] = text
            values = [k for k, (plugin, _, _) in enumerate(order.values) if plugin in theirs]
            for k, value in zip(values, answer.values, strict=False):
                done.values[k] = value

    def slot(self, uid: int) -> LiveSlot:
        """The plugin that stands for a whole chain; `uid` is the slot's."""
        one = self._chains[-uid]
        live = LiveSlot(uid, one)
        live.latency = one.latency()
        return live

    def turn(self, news: News) -> None:
        """See whether all live, and add what happened; some 50 times a second."""
        for one in self._chains.values():
            found = one.turn()
            news.changed += found.changed
            news.loads += found.loads
            news.died |= found.died
            news.back += found.back
        self._follow()
        if self._chains:
            if all(one.is_open or one.is_quarantined for one in self._chains.values()):
                self._spare.keep()
        elif AVAILABLE:
            self._spare.close()

    def close(self) -> None:
        """End what waits; each chain's process ends when its slot's plugin is closed."""
        if AVAILABLE:
            self._spare.close()

    def _follow(self) -> None:
        if AVAILABLE:
            self._beside.follow({one.audio_thread for one in self._chains.values()} - {0})

    def _isolate(self, chain: Chain) -> "Isolated":
        from daemon.rack.isolation.chain import Isolated

        return Isolated(chain, self._rate, self._spare)


def stands_for_chain(uid: int) -> bool:
    """Whether a slot's uid is that of a whole isolated chain."""
    return uid < 0


def _is_isolated(chain: Chain, done: Done) -> bool:
    if chain.isolate and chain.plugins and not AVAILABLE:
        done.warned.append(
            f"chain {chain.name!r} plays in the engine's process: isolation needs Linux 5.3 and Python 3.9"
        )
    sides = {slot.side for slot in chain.plugins if slot.side}
    if chain.isolate and len(sides) > 1:
        done.warned.append(
            f"chain {chain.name!r} plays in the engine's process: isolated, it has room for one side-chain"
        )
    return chain.isolate and bool(chain.plugins) and AVAILABLE and len(sides) <= 1


def _outer(chain: Chain) -> Chain:
    """What the rack plays: the chain with one plugin in place of all."""
    side = next((slot.side for slot in chain.plugins if slot.side), "")
    return msgspec.structs.replace(chain, plugins=[Slot("isolated", chain.name, side=side, uid=-chain.uid)])


def _inner(chain: Chain) -> Document:
    """What the process plays: the plugins alone."""
    plugins = [msgspec.structs.replace(slot, side=SIDE if slot.side else "") for slot in chain.plugins]
    return Document([Chain("chain", midi=["all"], midi_out=True, plugins=plugins, uid=chain.uid)])


def _plugins(order: Order | None) -> set[int]:
    return {slot.uid for _, slot in order.document.slots()} if order and order.document else set()


def _part(order: Order, part: Order, plugins: set[int]) -> Order:
    """The part of an order that is for these plugins."""
    return msgspec.structs.replace(
        part,
        sets=[one for one in order.sets if one.uid in plugins],
        morph_s=order.morph_s,
        texts=[one for one in order.texts if one[0] in plugins],
        values=[one for one in order.values if one[0] in plugins],
        save=order.save,
    )
