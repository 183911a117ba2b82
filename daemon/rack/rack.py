"""The rack in the engine process: makes what sounds be what the document says, and never stops the sound to do so."""

import time

import numpy as np

from daemon.rack import kernel
from daemon.rack import records as rec
from daemon.rack.arrangement import Arrangement
from daemon.rack.isolation.chains import Isolation, stands_for_chain
from daemon.rack.live import LiveSlot
from daemon.rack.model import Document
from daemon.rack.opening import Opener
from daemon.rack.protocol import Done, Load, News, Order, Set
from daemon.rack.quiet import Quiet
from daemon.rack.ring import CommandRing
from dsp.kernel import zeros

LOAD_S = 1.0


class Rack:
    """All methods: [main], one thread. The kernel runs on the audio thread, if at all."""

    def __init__(self, rate: float, block: np.void | None = None) -> None:
        """`rate` in Hz. `block`: the engine's BLOCK record, which is told what is being opened, should that crash."""
        self.rate = rate
        self.record = zeros(rec.RACK)
        self.record["fade_step"] = 1.0 / (rec.FADE_S * rate)
        self.record["fall"] = 0.5 ** (1.0 / (0.1 * rate))
        self.native = int(kernel.process.address), int(self.record.ctypes.data)
        """What the engine's plugin slot holds: the kernel, and the record it is handed."""
        self._ring = CommandRing(self.record)
        self._opener = Opener(rate, block)
        self._arrangement = Arrangement(self.record, self._ring, rate)
        self._isolation = Isolation(rate, self.record)
        self._quiet = Quiet(self.record, self._arrangement)
        self._document = Document()
        self._ports: list[str] = []
        self._slots: dict[int, LiveSlot] = {}
        self._failed: dict[int, str] = {}
        self._load_at = time.monotonic() + LOAD_S
        self._said_latency = -1

    @property
    def latency(self) -> int:
        """Samples by which the whole rack's output is late."""
        return self._arrangement.latency

    @property
    def tail_s(self) -> float:
        """Seconds for which a plugin says that it sounds on after its input."""
        return max((live.plugin.tail_s() for live in self._plugins().values()), default=0.0)

    def carry_out(self, order: Order) -> Done:
        """Do what an order says, all at one block's start. Opening a plugin takes its time; the sound goes on."""
        done = Done(order.number)
        glide = round(order.morph_s * self.rate)
        self._ports = order.ports or self._ports
        mine = self._isolation.carry_out(order, done)
        if mine.document is not None:
            self._document = mine.document
            self._open(done)
        self._arrangement.arrange(self._document, self._slots, self._ports, glide)
        if len(mine.sets) > self._ring.room():
            done.warned.append(f"{len(mine.sets)} parameters are too many at once; none was set")
        else:
            for one in mine.sets:
                self._set(one, glide, done)
        self._ring.commit()
        self._opener.answer(order, done, self._plugins())
        self._isolation.answer(order, done)
        return done

    def turn(self) -> News | None:
        """Go on with what takes time, some 50 times a second: fades, chains that ring out, what plugins want."""
        news = News()
        self._isolation.turn(news)
        if self._quiet.turn(self._plugins().values()):
            self._ring.commit()
        moved = self._arrangement.is_moving
        for live in list(self._slots.values()):
            moved |= self._look_after(live, news)
        if moved:
            self._arrangement.arrange(self._document, self._slots, self._ports)
            self._ring.commit()
        for live in self._arrangement.free():
            live.plugin.close()
        if time.monotonic() >= self._load_at:
            self._load_at = time.monotonic() + LOAD_S
            news.loads += self._loads()
        if self.latency != self._said_latency:
            news.latency_samples = self._said_latency = self.latency
        return news if news != News() else None

    def close(self) -> None:
        """Close every plugin; the audio thread must have stopped."""
        for live in {*self._slots.values(), *self._arrangement.everything()}:
            live.plugin.close()
        self._slots.clear()
        self._isolation.close()

    def _open(self, done: Done) -> None:
        """Open what the document has and is not open; what it no longer has, its chain holds until it has faded."""
        wanted = {slot.uid: slot for _, slot in self._document.slots()}
        for uid in self._slots.keys() - wanted.keys():
            self._arrangement.drop(self._slots.pop(uid))
        self._failed = {uid: why for uid, why in self._failed.items() if uid in wanted}
        for uid, slot in wanted.items():
            if stands_for_chain(uid) and uid not in self._slots:
                self._slots[uid] = self._isolation.slot(uid)
            elif uid not in self._slots and uid not in self._failed:
                live = self._opener.open(slot, done)
                if live is not None:
                    self._slots[uid] = live
        self._failed |= done.failed

    def _plugins(self) -> dict[int, LiveSlot]:
        """The plugins in this process."""
        return {uid: live for uid, live in self._slots.items() if not stands_for_chain(uid)}

    def _look_after(self, live: LiveSlot, news: News) -> bool:
        """Do what a plugin asks for and hear what it changed; True where the rack must follow."""
        moved = False
        if live.plugin.poll():
            slot = next(slot for _, slot in self._document.slots() if slot.uid == live.uid)
            again = self._opener.reopen(live, slot)
            if again is not None:
                self._arrangement.drop(live)
                self._slots[live.uid] = live = again
                moved = True
        ids = {param.index: key for key, param in live.params.items()}
        for index, value in live.plugin.changed():
            key = ids.get(index)
            if key is not None and abs(live.values.get(key, -1.0) - value) > 1e-6:
                live.values[key] = value
                news.changed.append(Set(live.uid, key, value))
        latency = live.plugin.latency()
        moved |= latency != live.latency
        live.latency = latency
        return moved

    def _set(self, one: Set, glide: int, done: Done) -> None:
        """One parameter."""
        live = self._slots.get(one.uid)
        if live is None or one.param not in live.params:
            done.warned.append(f"plugin {one.uid} has no parameter {one.param!r}")
            return
        before = live.values.get(one.param, one.value)
        steps = live.params[one.param].steps
        self._ring.param(live.address, live.params[one.param].index, one.value, before, 0 if steps else glide)
        live.values[one.param] = one.value

    def _loads(self) -> list[Load]:
        """What each plugin cost in the last second; the extremes begin anew."""
        found = []
        for uid, live in self._plugins().items():
            s = live.record[0]
            counts = int(s["misses"]), int(s["bad_samples"]), int(s["denormals"])
            found.append(Load(uid, *live.work_us(), live.latency, *counts))
            self._ring.word(live.where("min_ns"), 1 << 40)
            self._ring.word(live.where("max_ns"), 0)
        self._ring.commit()
        return found
