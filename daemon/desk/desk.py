"""The daemon's side of the rack: takes commands, keeps the document, and says it all to an engine, also to the next one.

One order at most is under way. What comes meanwhile waits in a bounded queue, or replaces what waits: so a knob that is
turned fast, or an engine that is busy opening a plugin, never blocks the daemon. While there is no engine, changes go into
the document, and it is told of them when it is back.
"""

import tempfile
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import numpy as np

from daemon import messages as m
from daemon.desk.batch import Answer, Batch, Flight, Reply
from daemon.desk.blame import Blame
from daemon.desk.book import Book
from daemon.desk.commands.command import Command
from daemon.desk.draft import Band, Draft, NoBand, Shelf, Show, Wait
from daemon.desk.hearing import Hearing
from daemon.desk.learn import Mapping
from daemon.desk.unsaid import Unsaid
from daemon.errors import Refused
from daemon.rack.protocol import Done, News, Order
from daemon.rack.way import Way

QUEUE = 1024  # batches that wait
LATE_S = 30.0  # a batch that has not begun by then is refused
NO_ENGINE_S = 5.0  # the same, where there is no engine to ask
STUCK_S = 30.0  # an engine that opens one plugin for so long hangs,
LOST_S = 660.0  # and one that does anything else; it may wait for a chain's own process, which may have to compile
AUTOSAVE_S = 2.0  # after the last change,
AUTOSAVE_LATEST_S = 15.0  # and after the first

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Done | News).decode


class RackDesk:
    """All of it: [main], never waits."""

    def __init__(self, shelf: Shelf, block: np.void) -> None:
        """`block`: the engine's BLOCK record, which says which plugin was at work when an engine died."""
        self.book = Book()
        self.band: Band = NoBand()
        self.show: Show = NoBand()
        self._shelf, self._unsaid = shelf, Unsaid(self.book)
        self._blame = Blame(block)
        self._hearing = Hearing(self.book)
        self._states = tempfile.TemporaryDirectory(prefix="jamd-rack-")
        self._way: Way | None = None
        self._is_up = False  # the engine has carried out its first order
        self._flight: Flight | None = None
        self._number = self._uid = 0
        self._queue: deque[Batch] = deque()
        self._out: list[m.Message] = []
        self._first_change = self._last_change = 0.0
        self._is_stale = True  # the rack's state must be published

    @property
    def fd(self) -> int:
        """Readable when the engine has said something; -1 while there is none."""
        return self._way.fd if self._way is not None else -1

    @property
    def is_pressed(self) -> bool:
        """Whether `turn` should be called again soon."""
        return self._way is not None and self._way.is_full

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, and the engine has carried out all that it was told."""
        return self._flight is None and not self._queue

    def submit(self, commands: Sequence[Command], reply: Reply, origin: str = "ctl", check: bool = False) -> None:
        """Let a batch be done whole or refused whole; `reply` is called once, perhaps at once. `check`: do nothing."""
        batch = Batch(commands, reply, origin, check, time.monotonic())
        if len(self._queue) >= QUEUE:
            batch.refuse(Refused(429, "too many requests wait for the engine; try again"))
            return
        self._queue.append(batch)
        self._step()

    def turn_knob(self, uid: int, param: str, value: float, origin: str) -> None:
        """Set a parameter of an open plugin at once, as a controller does; only the newest value of each is kept."""
        found = self.book.slot(uid)
        if found is None or param not in self.book.values.get(uid, {}):
            return
        self.book.change(uid, param, value)
        self._unsaid.knobs[uid, param] = value
        self._out.append(m.PluginParam(found[1].name, uid, param, value, "", origin))
        self._changed()
        self._step()

    def map(self, mapping: Mapping) -> None:
        """A mapping was learnt: it is from now on, and nothing is to be learnt any more."""
        self.book.learning = None
        draft = self._flight.draft if self._flight is not None else None
        for mappings in [self.book.mappings] if draft is None else [self.book.mappings, draft.mappings]:
            if mapping not in mappings:
                mappings.append(mapping)
        self._out.append(m.Rack(kind="mapped", origin="midi", values=msgspec.to_builtins(mapping)))
        self._is_stale = True

    def name_ports(self, names: list[str]) -> None:
        """The daemon's MIDI inputs in the order that the engine counts them, from FIRST_NAMED_PORT."""
        if names != self._unsaid.ports:
            self._unsaid.ports, self._unsaid.is_edited = list(names), True

    def begin(self, connection: Connection) -> None:
        """An engine starts, and is told everything before it sounds."""
        self.lost()
        self._way = Way(connection)
        self._send(self._unsaid.all())

    def lost(self) -> None:
        """The engine is no more, and no plugin to blame. What it was carrying out is kept, and said to the next one."""
        if self._way is not None:
            self._way.close()
        self._way, self._is_up = None, False
        flight, self._flight = self._flight, None
        if flight is None or flight.batch is None:
            return
        if flight.draft is not None:
            self._commit(flight.batch, flight.draft, flight.results, None)
        else:
            self._queue.appendleft(flight.batch)

    def died(self, has_run: bool) -> bool:
        """The engine died or hung. True: by the fault of a plugin, which is left out if it was at fault too often.

        `has_run`: whether an engine has ever run; where none has, it is left out at once.
        """
        uid, why = self._blame.find(), self._blame.why
        flight, is_undone = self._flight, False
        if flight is not None and flight.batch is not None and flight.draft is not None and uid in flight.draft.opens:
            is_undone = True
            flight.batch.refuse(Refused(422, f"{why}; it is not added"), flight.draft.opens[uid])
            chain, slot = next(pair for pair in flight.draft.document.slots() if pair[1].uid == uid)
            self._out.append(m.PluginFault(slot.name, chain.name, uid, "died", why))
            self._flight = None
        self.lost()
        found = self.book.slot(uid)
        if found is None:
            return is_undone
        is_enough = self._blame.count(uid, time.monotonic()) or not has_run
        self._out += self._hearing.died(uid, why, is_enough)
        self._is_stale = True
        return True

    def hangs(self) -> bool:
        """Whether the engine's main thread does not come back from a plugin; then it is to be killed."""
        if self._flight is None or not (self._is_up or self._blame.opening):
            self._blame.rest()
            return False
        return self._blame.hangs(self._flight.sent_at, STUCK_S if self._blame.opening else LOST_S)

    def turn(self, now: int) -> list[m.Message]:
        """Hear the engine, go on with what waits; gives what is to be published. `now`: the stream's sample time."""
        if self._way is not None:
            self._way.flush()
            for packed in self._way.read():
                self._hear(_decode(packed))
        self._expire(time.monotonic())
        self._step()
        if self._is_stale:
            self._is_stale = False
            self._out.append(self.book.state())
        out, self._out = self._out, []
        for message in out:
            message.sample_time = message.known_at = now
        return out

    def close(self) -> None:
        """Let go of the engine, and of the states that were saved for it."""
        self.lost()
        self._states.cleanup()

    def _send(
        self, order: Order, batch: Batch | None = None, draft: Draft | None = None, results: Sequence[Any] = ()
    ) -> None:
        assert self._way is not None
        self._number += 1
        order.number = self._number
        self._flight = Flight(order, time.monotonic(), batch, draft, list(results))
        self._way.say(_encode(order))

    def _hear(self, said: Done | News) -> None:
        if isinstance(said, News):
            self._out += self._hearing.news(said)
            self._is_stale |= bool(said.died or said.back)
            if said.changed:
                self._changed()
            return
        flight = self._flight
        if flight is None or said.number != flight.order.number:
            return
        self._flight, self._is_up = None, True
        if flight.draft is not None and flight.batch is not None:
            self._land(flight.batch, flight.draft, flight.results, said)
            return
        self._out += self._hearing.done(said)
        self._out += self._hearing.meanings(flight.order.values, said.values, flight.batch is None)
        for (uid, param), value in self._unsaid.knobs.items():  # moved since
            self.book.change(uid, param, value)
        self._is_stale |= flight.order.document is not None
        if flight.batch is not None:
            flight.batch.texts |= dict(zip(flight.order.texts, said.texts, strict=False))
            flight.batch.has_states |= bool(flight.order.save)
            self._queue.appendleft(flight.batch)

    def _land(self, batch: Batch, draft: Draft, results: list[Any], done: Done) -> None:
        """A batch is carried out; where a plugin that it adds does not open, all of it is taken back."""
        failed = [uid for uid in done.failed if uid in draft.opens]
        if not failed:
            self._commit(batch, draft, results, done)
            return
        self._unsaid.take_back(draft)
        batch.refuse(Refused(422, done.failed[failed[0]]), draft.opens[failed[0]])

    def _commit(self, batch: Batch, draft: Draft, results: list[Any], done: Done | None) -> None:
        """A batch becomes what is; without a `done` the engine has yet to be told."""
        is_edited = draft.edits
        self.book.take(draft)
        self._out += draft.events
        draft.events = []
        answer: Answer = {"ok": True, "results": results}
        if done is not None:
            self._out += self._hearing.done(done)
            if done.warned:
                answer["warnings"] = done.warned
        elif self._way is not None:
            self._unsaid.is_edited |= is_edited
            self._unsaid.knobs |= draft.sets
        for (uid, param), value in draft.sets.items():
            self.book.change(uid, param, value)
        self._changed()
        self._is_stale = True
        for at, finish in draft.then:
            try:
                results[at] = finish()
            except Refused as refused:
                batch.refuse(refused, at)
        self._out += draft.events
        batch.answer(answer)

    def _step(self) -> None:
        """Go on with what waits, until the engine has something to do."""
        while self._flight is None or not self._is_up:
            if self._queue and self._serve(self._queue[0]):
                continue
            if not self._is_up or not (self._tell() or self._chore()):
                return

    def _serve(self, batch: Batch) -> bool:
        """Do the batch that waits first, or ask what it must know; False: it must wait for an engine."""
        draft = Draft(self.book, self._shelf, self._next_uid, batch)
        draft.has_engine, draft.band, draft.show = self._is_up, self.band, self.show
        try:
            results = batch.carry_out(draft)
        except Wait:
            return False
        if results is None:
            self._queue.popleft()
            return True
        if draft.must_wait and not self._is_up:
            return False
        self._queue.popleft()
        if self._is_up and draft.asks:
            save = self._states.name if draft.wants_states else ""
            self._send(Order(0, texts=[*draft.wants_texts], values=[*draft.wants_values], save=save), batch)
        elif batch.check or not draft.is_change:
            batch.answer({"ok": True, "results": results})
        elif self._is_up and (draft.edits or draft.sets):
            self._send(self._unsaid.of(draft), batch, draft, results)
        else:
            self._commit(batch, draft, results, None)
        return True

    def _tell(self) -> bool:
        """Tell the engine what it does not know yet; False: it knows all."""
        order = self._unsaid.rest()
        if order is not None:
            self._send(order)
        return order is not None

    def _chore(self) -> bool:
        """What can wait: the meaning of texts in snapshots, and states for an engine to come. False: nothing is to do."""
        unknown = self.book.unknown_texts()
        if unknown:
            self._send(Order(0, values=unknown))
            return True
        due_at = min(self._last_change + AUTOSAVE_S, self._first_change + AUTOSAVE_LATEST_S)
        if not self._last_change or time.monotonic() < due_at:
            return False
        self._first_change = self._last_change = 0.0
        self._send(Order(0, save=self._states.name))
        return True

    def _changed(self) -> None:
        self._last_change = time.monotonic()
        self._first_change = self._first_change or self._last_change

    def _expire(self, now: float) -> None:
        """Refuse what has waited too long."""
        patience, late = LATE_S, Refused(504, f"the engine was busy for {LATE_S:.0f} s; nothing was changed")
        if not self._is_up:
            patience, late = (
                NO_ENGINE_S,
                Refused(503, "the engine does not run (yet), and this cannot be done without it"),
            )
        while self._queue and now - self._queue[0].came_at > patience:
            self._queue.popleft().refuse(late)
        flight = self._flight
        if flight is not None and flight.batch is not None and now - flight.batch.came_at > LATE_S:
            flight.batch.refuse(Refused(504, "the engine is still busy with it, and goes on"))

    def _next_uid(self) -> int:
        self._uid += 1
        return self._uid
