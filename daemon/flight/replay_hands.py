"""What hands played and what the band was given, once more: a new keyboard and a new band, fed in the order of the log."""

import traceback
from collections.abc import Sequence
from typing import Any

from daemon import messages as m
from daemon.flight.compare import Difference, InOrder, Tally, fields
from daemon.flight.link import BandMade, BandTold, Begin, End, Heard, Item, Turns, Unsent
from daemon.flight.replay_worker import AsThen
from daemon.generate.live.band import Band
from daemon.inputs.caller import PORT as CALLER
from daemon.midi.engine import JACK
from daemon.midi.keyboard import Keyboard
from daemon.midi.message import NOTE_OFF, NOTE_ON, MidiMessage

OF_HANDS = ("midi_note", "midi_control", "midi_harmony")
OF_BAND = ("phrase", "answer", "chord_ahead", "accompaniment", "jam_note", "jam", "generator", "deadlines")


class PortsThen:
    """Where the band's notes leave: the ports are open as they were. [main]"""

    def __init__(self) -> None:
        self.unsent: set[int] = set()  # numbers of note-ons
        self._number = 0

    def note_on(self, port: str, channel: int, note: int, velocity: int, at: int | None = None) -> bool:
        number, self._number = self._number, self._number + 1
        return number not in self.unsent

    def note_off(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        return True

    def panic(self, port: str) -> None:
        pass


class Hands:
    """[main]"""

    def __init__(self, tally: Tally, notes: list[str]) -> None:
        self._notes = notes
        self._keyboard, self._played = Keyboard(48000), InOrder(tally)
        self._ended: list[m.Message] = []  # of one sample: published, but not compared yet
        self._band: Band | None = None
        self._answered = InOrder(tally)
        self._tally = tally
        self._out, self._worker = PortsThen(), AsThen(tally, notes)
        self._rate = 48000
        self._made = BandMade(48000, {})
        self._table: dict[str, Any] = {}

    def take(self, item: Item) -> None:
        """An item of the log that is no published message."""
        if isinstance(item, Heard):
            self._hear(item)
        elif isinstance(item, Begin):
            self._rate = item.rate
            self._keyboard.begin(item.rate)
        elif isinstance(item, End):
            self._played.made(self._keyboard.lose(JACK, item.now))
        elif isinstance(item, BandMade):
            self._made = item
            self._make()
        elif isinstance(item, BandTold):
            self._tell(item)
        elif isinstance(item, Turns):
            self._turn(item.now)
        elif isinstance(item, Unsent):
            self._out.unsent.add(item.number)
        else:
            self._worker.happens(item)

    def said(self, message: m.Message) -> None:
        """A message as it was published."""
        kind = message.__struct_config__.tag
        if isinstance(message, m.MidiPort) and (message.state, message.direction) == ("lost", "in"):
            self._played.made(self._keyboard.lose(message.port, message.sample_time))
            self._compare()  # what that ended was published before it
        if kind in OF_HANDS and getattr(message, "port", "") != CALLER:  # which is no input
            if self._ended and self._ended[0].sample_time != message.sample_time:
                self._compare()
            self._ended.append(message)
        elif kind in OF_BAND and getattr(message, "name", "") != "band":
            if self._band is not None:
                self._answered.published(message)
            else:  # how it was made is not in the recording
                self._tally.differs(Difference(kind, message.known_at, fields(message), None), True)
        if self._band is not None:
            self._try(lambda band: band.feed(message), message.known_at)

    def lose(self) -> None:
        """Some of the log is missing: what follows is played by a new keyboard and a new band."""
        self._keyboard = Keyboard(self._rate)
        self._played.is_exact = False
        self._compare()
        self._played.lose()
        if self._band is not None:
            self._make()
            self._try(lambda band: band.configure(self._table), 0)
        self._answered.lose()

    def end(self) -> None:
        """The session ends; the last that came was perhaps not published any more."""
        self._compare()
        self._played.end(is_cut=True)
        self._answered.end(is_cut=True)
        if self._band is not None:
            self._band.worker.close()

    def _compare(self) -> None:
        """What hands played at a sample, as it was published."""
        for message in self._ended:
            self._played.published(message)
        self._ended.clear()

    def _make(self) -> None:
        if self._band is not None:
            self._band.worker.close()
        self._out, self._worker = PortsThen(), AsThen(self._tally, self._notes, self._made.environment)
        self._band = Band(self._out, self._made.rate, self._worker)  # type: ignore[arg-type]

    def _hear(self, heard: Heard) -> None:
        message = MidiMessage(0, heard.port, heard.status, heard.channel, heard.data1, heard.data2)
        band = self._band
        if band is not None and message.status in (NOTE_ON, NOTE_OFF):
            is_on = message.status == NOTE_ON
            if band.is_own(message.channel, message.data1, is_on, heard.at):
                return
        self._played.made(self._keyboard.feed(message, heard.at))

    def _tell(self, told: BandTold) -> None:
        if self._band is None:
            return
        if told.what == "table":
            self._table = told.values
            self._try(lambda band: band.configure(told.values), 0)
        elif told.what == "begin":
            self._try(lambda band: band.begin(told.number), 0)
        elif told.what == "end":
            self._try(lambda band: self._answered.made(_of_band(band.end(told.number))), told.number)
        else:
            sign = {"cue": Band.cue, "panic": Band.panic, "retire": Band.retire}.get(told.what)
            if sign is not None:
                self._try(sign, 0)

    def _turn(self, turns: Sequence[int]) -> None:
        for now in turns:
            self._try(lambda band, now=now: self._answered.made(_of_band(band.turn(now))), now)

    def _try(self, do: Any, at: int) -> None:
        """A defect of the band's comes back: it is told, as the daemon told it."""
        if self._band is None:
            return
        try:
            do(self._band)
        except Exception as error:
            line = f"the band has a defect at {at / self._rate:.2f} s: {error!r}"
            if line not in self._notes:
                self._notes.append(line)
                traceback.print_exception(error)


def _of_band(messages: Sequence[m.Message]) -> list[m.Message]:
    """What nobody else publishes."""
    return [message for message in messages if message.__struct_config__.tag in OF_BAND]
