"""One chain in a process of its own: started, told what the rack is told, and started again when it dies or hangs.

Its place in the program is one slot whose plugin is the bridge; that stays while processes come and go, and passes dry
while there is none.
"""

import contextlib
import os
import time
from collections import deque

import msgspec

from daemon.plugins.plugin import Info
from daemon.rack.isolation import bridge as br
from daemon.rack.isolation.recall import AGAIN, Recall
from daemon.rack.isolation.spare import Child, Spare
from daemon.rack.isolation.stall import Stall
from daemon.rack.isolation.stand_in import StandIn
from daemon.rack.model import Chain, Document
from daemon.rack.protocol import FOR_GOOD, Done, News, Order
from daemon.rack.records import FADE_S, LONGEST
from dsp.kernel import zeros

ANSWER_S = 30.0  # for an order: plugins that load much take long
LOAD_S = 600.0  # before it has said anything: the first start ever compiles its kernels
DEATHS, WITHIN_S = 3, 60.0  # so often within that time: it is not started again
NOT_OPEN = "!the plugin is not open"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Done | News).decode


class Isolated(StandIn):
    """What the rack holds in a chain's place. All methods: [main], one thread, which outlives every process."""

    def __init__(self, chain: Chain, rate: float, spare: Spare) -> None:
        """`rate` in Hz. Nothing runs before the first order."""
        self._rate, self._spare = rate, spare
        self._fd = os.memfd_create("jamd-bridge")
        os.ftruncate(self._fd, br.BRIDGE.itemsize)
        self._bridge, self._near = br.mapped(self._fd), zeros(br.NEAR)
        self._near["bridge"] = self._bridge.ctypes.data
        self._near["fade_step"] = 1.0 / (FADE_S * rate)
        self._near["amount"] = 1.0
        self.uid, self.name = chain.uid, chain.name
        self.info = Info(
            "isolated", "", chain.name, inputs=2, outputs=2, side_inputs=2, midi_in=True, midi_out=True
        )  # of the whole chain, as one plugin
        self.process, self.own = int(br.process.address), int(self._near.ctypes.data)
        self._latency = 0  # samples, as the child says
        self._order, self._done, self._is_done = Order(0), Done(0), True
        self._recall, self._stall = Recall(), Stall(self._bridge, self._near)
        self._child: Child | None = None
        self._asked: set[int] = set()  # orders that are not answered
        self._since = 0.0  # when the first of them was sent
        self._is_loaded = self._knows_latency = self._fell = False
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._titles: dict[int, str] = {}
        self._news = News()
        self.is_quarantined = False

    @property
    def is_open(self) -> bool:
        """Whether blocks are handed to a process."""
        return bool(self._near["open"][0])

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._child.pid if self._child else 0

    @property
    def document(self) -> Document:
        """What its process was told to play."""
        return self._recall.document

    @property
    def plugins(self) -> set[int]:
        """The uids of its plugins."""
        return {slot.uid for _, slot in self._recall.document.slots()}

    @property
    def misses(self) -> int:
        """Blocks that passed dry."""
        return int(self._near["misses"][0])

    @property
    def _patience_s(self) -> float:
        return ANSWER_S if self._is_loaded else LOAD_S

    @property
    def audio_thread(self) -> int:
        """The id of the child's audio thread; 0 while there is none."""
        return int(self._bridge["thread"][0]) if self.is_open else 0

    def latency(self) -> int:
        """Samples by which the chain's output is late."""
        return self._latency

    @property
    def is_answered(self) -> bool:
        """Whether `answer` says all that comes of the last order."""
        return self.is_quarantined or (self._is_done and not self._asked and self.is_open)

    def tell(self, order: Order) -> None:
        """Have the child do what an order says: `step` until `is_answered`. Should it die of that, another one is told."""
        if self.is_quarantined and order.document is not None and order.document != self._recall.document:
            self.is_quarantined = False
            self._deaths.clear()
        self._recall.order(order)
        self._order, self._done, self._is_done = order, Done(order.number), False
        if not self.is_quarantined:
            if self._child is None:
                self._start()
            else:
                self._send(order)

    def answer(self) -> Done:
        """What came of the last order."""
        done = self._done
        if self.is_quarantined:
            done.failed |= dict.fromkeys(self.plugins, f"chain {self.name!r} is quarantined")
            done.texts, done.values = [NOT_OPEN] * len(self._order.texts), [NOT_OPEN] * len(self._order.values)
        return done

    def turn(self) -> News:
        """`step`, and what happened since the last call. Some 50 times a second."""
        self.step()
        news, self._news = self._news, News()
        for load in news.loads:
            load.misses += self.misses
        return news

    def close(self) -> None:
        """End the process and free the memory; the audio thread must have let go of it. Safe when closed."""
        self._end()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _start(self) -> None:
        """Have a process, and tell it all; where one died on the way the next step sees it."""
        b = self._bridge
        b.view("u1")[:] = 0
        b["request"] = self._near["asked"]
        self._child = self._spare.take()
        self._asked.clear()
        self._is_loaded = self._knows_latency = False
        with contextlib.suppress(OSError):
            self._child.begin(self._rate, self._fd)
        self._send(self._recall.again())
        if not self._is_done:
            self._send(self._order)

    def _send(self, order: Order) -> None:
        assert self._child is not None
        if not self._asked:
            self._since = time.monotonic()
        self._asked.add(order.number)
        self._child.way.say(_encode(order))

    def step(self) -> None:
        """Hear what the child says, and see what became of it: start it again if it has died or hangs."""
        child = self._child
        if child is None:
            return
        is_dead = child.is_dead  # looked at first: what it said before it died is heard
        child.way.flush()
        for message in child.way.read():
            self._hear(_decode(message))
        if is_dead:
            self._fall("")
        elif self._stall.is_over(self.is_open):
            self._fall("it hangs")
        elif (self._asked or not self.is_open) and time.monotonic() - self._since > self._patience_s:
            self._fall(f"it did not answer for {self._patience_s:.0f} s", for_good=True)
        elif not self.is_open and not self._asked and self._knows_latency and self._bridge["thread"][0] != 0:
            self._near["open"] = 1
            if self._fell:
                self._fell = False
                self._news.back.append(self.uid)

    def _hear(self, message: Done | News) -> None:
        if not self._is_loaded:
            self._is_loaded, self._since = True, time.monotonic()
        self._recall.hear(message)
        if isinstance(message, News):
            if message.latency_samples >= 0:
                self._latency, self._knows_latency = message.latency_samples, True
                self._near["delay"]["wanted"] = min(self._latency, LONGEST)
            self._news.changed += message.changed
            self._news.loads = message.loads or self._news.loads
            return
        self._asked.discard(message.number)
        self._titles |= {uid: info.title for uid, info in message.opened.items()}
        done = self._done
        done.opened |= message.opened
        done.params |= message.params
        done.failed |= message.failed
        done.warned += message.warned
        if message.number != AGAIN:
            done.texts, done.values, done.saved = message.texts, message.values, message.saved
            self._is_done = True

    def _fall(self, why: str, for_good: bool = False) -> None:
        """It has died, or must be ended: start another, unless that happens too often."""
        block = self._bridge["block"][0]
        culprit = self._titles.get(int(block["slot"]), "") if not block["opening"] else "a plugin that was being opened"
        reason = why or f"it ended with {self._end()}"
        self._end()
        now = time.monotonic()
        self._deaths.append(now)
        often = len(self._deaths) == DEATHS and now - self._deaths[0] < WITHIN_S
        self.is_quarantined = often or for_good
        text = f"chain {self.name!r}{f', {culprit}' if culprit else ''}: {reason}; "
        if self.is_quarantined:
            text += FOR_GOOD
        else:
            text += "it is started again"
            self._start()
        self._fell = True
        self._news.died[self.uid] = text

    def _end(self) -> str:
        """End the process, if there is one; how it ended."""
        self._near["open"] = 0
        self._asked.clear()
        if self._child is None:
            return ""
        how = self._child.end()
        self._child = None
        return how
