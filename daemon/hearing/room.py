"""The room of what networks hear: App's way from the engine's events to messages, and a network's beside it.

A network is in charge of what it keeps up with. Where it is late, or its process has died, the engine's analysers are in
charge again from the moment up to which it had heard; it comes back when it has kept up for a while.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import zmq

from daemon import bridge
from daemon import messages as m
from daemon.engine.link import Memory
from daemon.engine.offline import Found
from daemon.hearing.handover import Handover
from daemon.hearing.link import Began, Heard
from daemon.models.using import Reply
from daemon.registry import NEURAL
from daemon.room import PATIENT_MS
from dsp.hop import EVENT, FEATURES

if TYPE_CHECKING:
    from daemon.hearing.worker import Worker

LATE_S = 0.06  # behind the sound: it does not keep up,
PATIENCE_S = 0.25  # when that lasts for so long
BACK_S, BACK_MOST_S = 3.0, 60.0  # for which it must keep up before it is in charge again: twice as long each time,
SETTLED_S = 60.0  # unless it was for so long
NOTHING = np.empty(0, FEATURES)
AS_SAID = "as the config says"
NOBODY = 'no network hears here: give [analysis] onset = "neural", or another, in the config'


class Hearing:
    """[main]"""

    def __init__(
        self,
        neural: Mapping[str, bool],
        analysers: Sequence[tuple[str, str]],
        memory: Memory,
        models: Mapping[str, str],
    ) -> None:
        """`neural` as of daemon.config.Config.neural, `analysers` the engine's. The process starts with the engine."""
        self._handover = Handover(neural)
        self._memory, self._surely = memory, {one for one, surely in neural.items() if surely}
        self._engine = {analysis: name for analysis, name in analysers if analysis in neural}
        self._worker: Worker | None = None
        self._said = dict.fromkeys(neural, ("", "", 0))  # analysis -> by whom, why, and since when
        self._rate = self._epoch = 0  # of the stream
        self._began = self._heard = 0  # samples between which the network has heard it
        self._packets: list[Heard | Began] = []
        self._is_on = False
        self._kept_up_at = self._late_at = self._since = 0.0  # CLOCK_MONOTONIC s
        self._back_s = 0.0
        if neural:
            from daemon.hearing import worker

            self._worker = worker.Worker(
                [*self._surely], [one for one in neural if one not in self._surely], memory, models
            )

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._worker.pid if self._worker else 0

    def passed(self, found: Found, rate: int) -> Iterator[m.Message]:
        """What is to be published of what the engine found."""
        return self._handover.passed(bridge.messages(found, rate), False)

    def silence(self, now: int) -> list[m.Message]:
        """The note-off of every note heard that still sounds."""
        return self._handover.silence(now)

    def use(self, model: str, reply: Reply) -> None:
        """Have another model hear; `reply` is called once, now or later."""
        if self._worker is None:
            reply({"error": {"code": 409, "text": NOBODY}})
        else:
            self._worker.use(model, reply)

    def attend(self, poller: zmq.Poller) -> int:
        if self._worker is not None and self._worker.socket not in poller:
            poller.register(self._worker.socket, zmq.POLLIN)
        return PATIENT_MS

    def feed(self, message: m.Message) -> None:
        pass

    def begin(self, rate: int) -> None:
        self._rate, self._epoch, self._heard, self._began = rate, int(self._memory.state["epoch"][0]), 0, 0
        self._is_on, self._kept_up_at = True, time.monotonic()
        self._handover.begin(rate)
        if self._worker is not None:
            self._worker.start()

    def end(self, now: int) -> list[m.Message]:
        self._is_on = False
        return []

    def turn(self, now: int) -> list[m.Message]:
        if self._worker is None:
            return []
        said: list[m.Message] = []
        self._packets += self._worker.turn()
        packets, self._packets = self._packets, []
        for packet in packets:
            if packet.epoch > self._epoch:  # of an engine that has not yet said that it runs
                self._packets.append(packet)
            if packet.epoch != self._epoch or not self._is_on:
                continue
            if isinstance(packet, Began):
                said += self._begin_anew(packet.since, now)
            else:
                self._heard = packet.until
                found = Found(np.frombuffer(packet.events, EVENT), NOTHING)
                said += self._handover.passed(bridge.messages(found, self._rate, f0_of_hops=False), True)
        if self._is_on:
            said += self._judge(now, time.monotonic())
        news = self._worker.said()
        for message in news:
            message.sample_time = message.known_at = now
        return said + news

    def _begin_anew(self, since: int, now: int) -> list[m.Message]:
        """The network hears from `since` on and knows nothing of before; what it passed over is the engine's to say."""
        said = self._handover.silence(now, True)
        if since - self._heard > LATE_S * self._rate:
            for analysis, by_network in list(self._handover.by_network.items()):
                if by_network:
                    said += self._handover.change(analysis, False, self._heard, now)
        self._handover.forget()
        self._heard = self._began = since
        return said

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def _judge(self, now: int, at: float) -> Iterable[m.Message]:
        """Who is in charge from now on."""
        assert self._worker is not None
        chosen, behind_s = self._worker.chosen, (now - self._heard) / self._rate
        if chosen is not None and behind_s <= LATE_S:
            self._kept_up_at = at
        is_late = chosen is None or at - self._kept_up_at > PATIENCE_S
        if is_late:
            self._late_at = at
        is_back = chosen is not None and self._kept_up_at == at and at - self._late_at >= self._back_s
        in_charge = any(self._handover.by_network.values())
        if in_charge and is_late:
            self._back_s = BACK_S if at - self._since > SETTLED_S else min(max(2 * self._back_s, BACK_S), BACK_MOST_S)
        elif not in_charge and is_back:
            self._since = at
        for analysis, by_network in list(self._handover.by_network.items()):
            takes = chosen is not None and analysis in chosen.analyses
            if by_network and (is_late or not takes):
                yield from self._handover.change(analysis, False, min(self._heard, now), now)
            elif not by_network and takes and is_back:
                yield from self._handover.change(analysis, True, now, now)
            yield from self._say(analysis, takes, behind_s, now)

    def _say(self, analysis: str, takes: bool, behind_s: float, now: int) -> Iterable[m.Message]:
        """Who does an analysis and why, where that has changed."""
        assert self._worker is not None
        chosen = self._worker.chosen
        by_network = self._handover.by_network[analysis]
        by = NEURAL if by_network else self._engine[analysis]
        if by_network:
            assert chosen is not None
            why = AS_SAID if analysis in self._surely else chosen.why
        elif chosen is None:
            why = self._worker.ended or "the network is made ready"
        elif not takes:
            why = chosen.left.get(analysis, "")
        else:
            why = f"the network is {1000 * behind_s:.0f} ms behind"
            if self._said[analysis][0] == by:
                return
        since = self._began if by_network else 0
        if self._said[analysis] != (by, why, since):
            self._said[analysis] = by, why, since
            yield m.Hears(sample_time=now, known_at=now, analysis=analysis, by=by, reason=why, since=since)
