"""The process that hears: follows the engine's sound in shared memory and says what the networks make of it.

It stands below the sound and the lights in rank, and runs on one core. Where it falls behind by more than MOST_BEHIND_S it
passes over what it has missed, says so, and begins anew. All of it but the making ready of another model runs on this
process's main thread.
"""

import contextlib
import os
import select
import socket
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.child import die_with_parent, linked
from daemon.errors import UserError
from daemon.hearing import pace
from daemon.hearing.link import Alive, Began, Chosen, Heard, Open, ToProcess
from daemon.hearing.stream import Stream
from daemon.hearing.tap import Tap
from daemon.models import shelf
from daemon.models.link import Model
from daemon.models.opening import Opened, open_model
from daemon.packets import Gone, received, tell

TASK = "hearing"
NICE = 5
ALIVE_S = 0.25
WAIT_S = (0.001, 0.01)  # for the sound of the next frame, at least and at most
AT_ONCE = 4  # frames between two looks at what the daemon says
SAY_S = 0.02  # where there is no event: how far it has heard
MOST_BEHIND_S = 0.5

_decode = msgspec.msgpack.Decoder(ToProcess).decode


def main() -> None:
    """Work until the daemon's end of the socket closes."""
    die_with_parent()
    daemon = linked(NICE)
    with contextlib.suppress(Gone):
        Process(daemon).work()
    os._exit(0)


class Process:
    """[main]"""

    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._opening: Open | None = None
        self._tap: Tap | None = None
        self._model: Opened | None = None
        self._making: threading.Thread | None = None  # of another model
        self._made: list[tuple[str, Opened | None, str]] = []  # as asked, or why not
        self._chosen: list[str] = []
        self._stream: Stream | None = None
        self._epoch, self._read, self._rate = -1, 0, 0.0
        self._has_caught_up = False
        self._unsent: list[msgspec.Struct] = []  # nothing is heard before it has gone
        self._said_at = self._alive_at = 0.0

    def work(self) -> None:
        """Raises Gone when the daemon has."""
        while True:
            for packed in received(self._daemon):
                packet = _decode(packed)
                if isinstance(packet, Open):
                    self._open(packet)
                else:
                    self._use(packet.model)
            self._take_made()
            wait_s = self._follow()
            now = time.monotonic()
            if now >= self._alive_at:
                self._alive_at = now + ALIVE_S
                tell(self._daemon, Alive())
            select.select([self._daemon], [], [], wait_s)

    def _open(self, opening: Open) -> None:
        self._opening, self._tap = opening, Tap(opening.place)
        why = ""
        try:
            try:
                self._model = open_model(TASK)
            except UserError as error:
                if shelf.preferred(TASK) in ("", shelf.OWN, TASK):
                    raise
                why = str(error)
                tell(self._daemon, Model(TASK, shelf.preferred(TASK), "refused", why))
                self._model = open_model(TASK, TASK)
        except UserError as error:
            self._say_chosen([], "", str(error))
            return
        tell(self._daemon, Model(TASK, self._model.name, "used", why, self._model.card.version))
        self._choose(self._model.graphs)

    def _choose(self, graphs: Mapping[str, Any]) -> None:
        """What is heard from now on by these graphs."""
        assert self._opening is not None
        surely, perhaps = self._opening.surely, self._opening.perhaps
        if perhaps:
            fits, cost, of_all = pace.kept_up_with(perhaps, surely, graphs)
        else:
            fits, cost = [], (of_all := pace.measured(surely, graphs))
        self._chosen = [*surely, *fits]
        self._epoch, self._stream = -1, None
        self._say_chosen(self._chosen, str(cost), f"too slow here: {of_all}")

    def _say_chosen(self, chosen: list[str], why: str, why_not: str) -> None:
        assert self._opening is not None
        every = (*self._opening.surely, *self._opening.perhaps)
        tell(self._daemon, Chosen(chosen, why, {one: why_not for one in every if one not in chosen}))

    def _follow(self) -> float:
        """Hear what is new; gives for how many seconds there will be nothing."""
        while self._unsent:
            if not tell(self._daemon, self._unsent[0]):
                return WAIT_S[1]
            del self._unsent[0]
        if self._tap is None or not self._chosen:
            return ALIVE_S
        now = self._tap.now()
        if not now.epoch or not now.rate:
            return WAIT_S[1]
        if now.epoch != self._epoch:
            self._begin(now.epoch, now.rate, now.n)
        stream, tap = self._stream, self._tap
        assert stream is not None
        behind = now.n - self._read
        self._has_caught_up |= behind < MOST_BEHIND_S / 2 * now.rate
        if behind > MOST_BEHIND_S * now.rate and self._has_caught_up:
            self._skip(now.n)
            behind = 0
        if behind > 0:
            end = min(now.n, self._read + round(AT_ONCE * now.rate / pace.FRAMES_HZ))
            block = tap.read(now.epoch, self._read, end)
            if block is None:
                if tap.now().epoch == self._epoch:
                    self._skip(now.n)
                return 0.0
            self._hear(stream, block, end)
        due_s = (stream.due - tap.now().n) / now.rate
        return 0.0 if self._read < now.n else min(max(due_s, WAIT_S[0]), WAIT_S[1])

    def _hear(self, stream: Stream, block: Any, end: int) -> None:
        before = stream.heard
        events = stream.process(block)
        self._read = end
        if stream.heard == before:
            return
        now = time.monotonic()
        if len(events) or now >= self._said_at + SAY_S:
            self._said_at = now
            self._send(Heard(self._epoch, stream.heard, events.tobytes()))

    def _begin(self, epoch: int, rate: float, count: int) -> None:
        """Another stream: from its first sample, if that is still there."""
        assert self._model is not None and self._tap is not None
        if self._stream is None or rate != self._rate:
            self._stream = Stream(rate, self._chosen, self._model.graphs)
        self._epoch, self._rate, self._has_caught_up = epoch, rate, False
        self._read = count if self._tap.oldest(count) > 0 else 0
        self._stream.begin(self._read)
        self._send(Began(epoch, self._read))

    def _skip(self, count: int) -> None:
        """Begin anew with what comes."""
        assert self._stream is not None
        self._stream.begin(count)
        self._read = count
        self._send(Began(self._epoch, count))

    def _send(self, packet: msgspec.Struct) -> None:
        if self._unsent or not tell(self._daemon, packet):
            self._unsent.append(packet)

    def _use(self, model: str) -> None:
        """Make another model ready, beside the one that hears."""
        if self._opening is None or (self._making is not None and self._making.is_alive()):
            tell(self._daemon, Model(TASK, model, "refused", "another is being made ready; ask again", asked=model))
            return

        def make() -> None:
            try:
                self._made.append((model, open_model(TASK, model), ""))
            except Exception as error:
                if not isinstance(error, UserError):
                    traceback.print_exc()
                self._made.append((model, None, str(error) if isinstance(error, UserError) else repr(error)))

        self._making = threading.Thread(target=make, daemon=True)
        self._making.start()

    def _take_made(self) -> None:
        """From the next frame on the other model hears, and knows nothing yet."""
        if not self._made:
            return
        asked, opened, why = self._made.pop(0)
        if opened is None:
            tell(self._daemon, Model(TASK, asked, "refused", why, asked=asked))
            return
        self._model = opened
        tell(self._daemon, Model(TASK, opened.name, "used", "", opened.card.version, asked))
        if self._stream is not None and self._chosen:
            self._stream = Stream(self._rate, self._chosen, opened.graphs)
            self._skip(self._read)
        else:
            self._choose(opened.graphs)


if __name__ == "__main__":
    main()
