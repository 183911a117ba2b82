"""The recommender's process: it may take long, stands below everything live in rank, and may be ended at any moment.

It ends with the daemon, or when the daemon's end of the socket closes. All of it runs on this process's main thread, but
for reading the library.
"""

import contextlib
import os
import select
import socket
import time
import traceback
from pathlib import Path

import msgspec

from daemon import messages as m
from daemon.child import die_with_parent, linked
from daemon.errors import UserError
from daemon.models.link import Model, Use
from daemon.models.opening import News
from daemon.models.shelf import chosen
from daemon.packets import Gone, received, tell
from daemon.recommend.live.deck import Deck
from daemon.recommend.live.link import Alive, Began, Do, Done, FromProcess, NotDone, Open, Say, Sound, Stream, ToProcess
from daemon.recommend.live.listening import Listening
from daemon.recommend.live.orders import NotDoneError, Orders
from daemon.recommend.live.ring import Ring
from daemon.recommend.live.shelf import Reader, RefusedError, Shelf, opened
from daemon.recommend.live.sources import Source, source

NICE = 10
ALIVE_S = 0.25
LISTEN_S = 0.25  # between two readings of the sound
ASK_S = 1.0  # between two questions to a DJ program
DUE_S = 0.5  # for a list, where the network is asked elsewhere
AGAIN_S = 5.0  # before a library that could not be opened is tried again

_decode = msgspec.msgpack.Decoder(ToProcess).decode


def main() -> None:
    """Work until the daemon's end of the socket closes."""
    die_with_parent()
    daemon = linked(NICE)
    Process(daemon).work()
    os._exit(0)  # what else is open ends with the process


class Process:
    """Everything between the daemon's packets and the deck. [worker]"""

    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._open: Open | None = None
        self._deck: Deck | None = None
        self._reader: Reader | None = None
        self._listening: Listening | None = None
        self._sources: list[Source] = []
        self._waiting: list[Do] = []  # until the library is read
        self._uses: list[str] = []  # networks that are to be tried
        self._rate = 0  # of the last engine that ran
        self._told = ""  # what is amiss, as it was said last
        self._failed = ""
        self._n_items = 0
        self._deaf = ""  # why nothing is recognised
        self._alive_at = self._listen_at = self._ask_at = self._open_at = 0.0

    def work(self) -> None:
        """Until the daemon has gone."""
        with contextlib.suppress(Gone):
            while True:
                now = time.monotonic()
                if now >= self._alive_at:
                    tell(self._daemon, Alive())
                    self._alive_at = now + ALIVE_S
                self._read()
                try:
                    self._turn(now)
                except UserError as error:
                    self._fail(str(error))
                except Exception as error:  # a defect; what was suggested last stays
                    traceback.print_exc()
                    self._fail(f"a defect of jamd's: {error!r}")
                select.select([self._daemon], [], [], 0.05)
        if self._deck is not None:
            self._deck.diary.write()

    def _read(self) -> None:
        """Take all that has come. Raises Gone."""
        for packed in received(self._daemon):
            packet = _decode(packed)
            if isinstance(packet, Open):
                self._open = packet
            elif isinstance(packet, Stream):
                self._rate = packet.rate
            elif isinstance(packet, Sound):
                if self._deck is not None:
                    self._deck.sound(packet.heard)
            elif isinstance(packet, Use):
                self._uses.append(packet.model)
            else:
                self._waiting.append(packet)

    def _turn(self, now: float) -> None:
        if self._deck is None and not self._begin(now):
            return
        deck, reader = self._deck, self._reader
        assert deck is not None and reader is not None and self._open is not None
        for name in self._uses:
            displaced = reader.use(name)
            if displaced:
                self._say(Model("next", displaced, "refused", "another was asked for", asked=displaced))
        self._uses = []
        found = reader.turn(deck.diary.set_id, self._rate if self._listening is not None else 0)
        if isinstance(found, RefusedError):
            self._say(Model("next", found.model, "refused", str(found), asked=found.model))
        elif isinstance(found, UserError):
            self._fail(str(found))
        elif found is not None:
            self._n_items, self._failed = len(found.catalogue), ""
            deck.take(found)
            self._say_model(found)
            if self._listening is not None:
                self._listening.use(found.recognises)
        self._listen(now, deck)
        self._ask(now, deck)
        if deck.shelf is not None:
            self._tell_network(deck.shelf)
            for do in self._taken():
                self._do(do, deck)
            if deck.is_stale:
                self._say(Began())
                deck.refresh()
        deck.turn()
        self._fare(deck)

    def _begin(self, now: float) -> bool:
        """Open the library; False: it is not there yet."""
        if self._open is None or now < self._open_at:
            if self._failed:
                for do in self._taken():
                    self._say(NotDone(do.number, 409, self._failed, -1))
                for name in self._uses:
                    self._say(Model("next", name, "refused", self._failed, asked=name))
                self._uses = []
            return False
        self._open_at = now + AGAIN_S
        config = self._open
        self._publish(m.Recommender(state="starting", library=config.library))
        library = opened(Path(config.library))
        try:
            self._deck = Deck(
                library, config.dj, config.n, {"families": config.families, **config.wishes}, self._publish
            )
        except BaseException:
            library.close()
            raise
        self._reader = Reader(library, tuple(config.families))
        if config.recognise and config.place is not None:
            self._listening = Listening(Ring(config.place))
        for said in config.now_playing:
            try:
                self._sources.append(source(said))
            except UserError as error:
                self._publish(m.Recommender(state="failed", error=str(error), library=config.library))
        return True

    def _listen(self, now: float, deck: Deck) -> None:
        if self._listening is None or now < self._listen_at:
            return
        self._listen_at = now + LISTEN_S
        try:
            sightings = self._listening.turn()
        except Exception as error:  # a defect; all else goes on
            traceback.print_exc()
            self._listening.use(None)
            self._deaf = f"a defect of jamd's: {error!r}; nothing is recognised"
            return
        if sightings is not None:
            deck.heard(sightings)

    def _ask(self, now: float, deck: Deck) -> None:
        if now < self._ask_at:
            return
        self._ask_at = now + ASK_S
        for one in self._sources:
            told = one.poll(time.time())
            if told is not None:
                deck.told(told, one.name)

    def _taken(self) -> list[Do]:
        taken, self._waiting = self._waiting, []
        return taken

    def _do(self, do: Do, deck: Deck) -> None:
        try:
            if not self._say(Done(do.number, Orders(deck).do(do.commands, do.check))):
                self._say(NotDone(do.number, 413, "the answer is too long; ask for fewer", -1))
        except NotDoneError as error:
            self._say(NotDone(do.number, error.code, str(error), error.at))
        except Exception as error:  # a defect; the process lives on
            traceback.print_exc()
            self._say(NotDone(do.number, 500, f"a defect of jamd's: {error!r}", -1))

    def _fail(self, why: str) -> None:
        """The library cannot be read; what was read before stays."""
        if why != self._failed:
            self._failed = why
            library = self._open.library if self._open is not None else ""
            self._publish(m.Recommender(state="failed", error=why, library=library, items=self._n_items))

    def _fare(self, deck: Deck) -> None:
        """Say once that it runs, and what is amiss."""
        if deck.shelf is None or self._failed:
            return
        errors = [deck.shelf.lacks, self._deaf, deck.diary.error, *(one.error for one in self._sources)]
        told = f"{self._n_items} {deck.shelf.n_prints} {'; '.join(filter(None, errors))}"
        if told != self._told:
            self._told = told
            said = told.split(" ", 2)[2]
            library = self._open.library if self._open is not None else ""
            items, prints = self._n_items, deck.shelf.n_prints
            self._publish(m.Recommender(state="running", error=said, library=library, items=items, prints=prints))

    def _say_model(self, shelf: Shelf) -> None:
        """Which network foretells, where that is another or somebody has asked."""
        if shelf.refused:
            self._say(Model("next", chosen("next"), "refused", shelf.refused))
        model = shelf.model
        if model is not None and (shelf.asked or not model.news):
            news = model.news.popleft() if model.news else News("used", shelf.refused)
            self._say(model.said("next", news, shelf.asked))

    def _tell_network(self, shelf: Shelf) -> None:
        """Until when it may think, where it is asked elsewhere; and what it says of that."""
        model = shelf.model
        if model is None:
            return
        model.deadline.at_ns = time.monotonic_ns() + round(DUE_S * 1e9)
        while model.news:
            self._say(model.said("next", model.news.popleft()))

    def _publish(self, message: m.Message) -> None:
        assert isinstance(message, m.Playing | m.Suggestions | m.Session | m.Recommender)
        self._say(Say(message))

    def _say(self, packet: FromProcess) -> bool:
        """The daemon reads at least ten times a second; what finds no room is lost."""
        return tell(self._daemon, packet)


if __name__ == "__main__":
    main()
