"""The daemon's side of MIDI: looks after the MIDI process, enters every note in the ledger, hears what the hands play.

MIDI that is not there (no sequencer, no JACK, no such port) is one message, never an error. The engine's own ports, which
need no such process, are `engine.EngineMidi`'s.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from daemon import messages as m
from daemon.companion import Companion, how
from daemon.midi.api import Api
from daemon.midi.engine import GENERATOR, JACK, EngineMidi, Rings
from daemon.midi.keyboard import Keyboard
from daemon.midi.ledger import Ledger, Note
from daemon.midi.link import Alive, AllOff, News, Order, Play, Played, Silence, Turning
from daemon.midi.message import NOTE_OFF, NOTE_ON, MidiMessage
from daemon.midi.process import JACK_DIED, VIRTUAL_IN
from daemon.midi.timed import TimedOutput
from dsp.block import FIRST_NAMED_PORT

HANG_S = 3.0  # without a word
START_S = 15.0  # before the first
AGAIN_S = 1.0  # between a process's end and the next
CLOSE_S = 2.0  # for the last note-offs to leave
TURNING_S = 0.25  # between two words to the process

_decode = msgspec.msgpack.Decoder(Played | News | Alive).decode


class Phrased(NamedTuple):
    """A note with its place: from sample `at` to sample `until` of the stream."""

    channel: int
    note: int
    velocity: int
    at: int
    until: int


class MidiDesk:
    """The ports, the player's hands, and the notes that leave. [main]"""

    def __init__(
        self,
        api: Api | Literal["off"],
        inputs: Sequence[str],
        outputs: Sequence[str],
        virtual: bool,
        rings: Rings | None = None,
    ) -> None:
        """Starts the process; it opens the ports and goes on trying for those it cannot. `virtual`: also own ports.

        With `off` there is no process and none of these ports; with `rings` there are the engine's, while it runs.
        """
        order = msgspec.json.encode(Order(api, list(inputs), list(outputs), virtual)).decode()
        self._beside = Companion("daemon.midi.process", [order])
        self.socket = self._beside.socket  # readable when the process has said something
        self.keyboard = Keyboard(48000)
        self.ledger = Ledger()
        self.ports = list(dict.fromkeys((*inputs, VIRTUAL_IN)))  # all inputs, as the engine counts them
        self.on_message: Callable[[MidiMessage], None] | None = None  # is handed each that came
        self.is_own: Callable[[MidiMessage, int], bool] | None = None  # whether one is jamd's own, come back: not heard
        self.monotonic_ns: Callable[[float], int | None] | None = None  # when a sample is; without, nothing waits
        self._engine = None if rings is None else EngineMidi(rings, self.ledger, self.port_index)
        self._lost = 0  # messages that came faster than they were read
        self._is_off = api == "off"
        self._open: dict[tuple[str, str], None] = {}  # (port, direction)
        self._owed: list[Note] = []  # whose note-off has left the ledger, but not jamd
        self._is_panic = False  # the process is still to be told
        self._turning_at = 0.0
        self._start_at, self._started = 0.0, False
        if not self._is_off:
            self._start()

    @property
    def lost(self) -> int:
        """Messages that came in but found no room on their way."""
        return self._lost + (self._engine.through.lost if self._engine else 0)

    @property
    def pid(self) -> int:
        """The MIDI process's id; 0 while there is none."""
        return self._beside.pid

    def turn(self, sample_time: Callable[[int], int]) -> list[m.Message]:
        """Look after the process and take what came; `sample_time` puts CLOCK_MONOTONIC ns on the stream."""
        said: list[m.Message] = []
        self._say_turning()
        owed, self._owed = self._owed, []
        for note in owed:
            self._end(*note)
        for packet in self._read():
            if isinstance(packet, Played):
                for message in packet.messages:
                    said += self._play(message, sample_time(message.monotonic_ns), through=True)
            elif isinstance(packet, News):
                said += self._hear(packet, sample_time(time.monotonic_ns()))
            else:
                self._lost = packet.lost
        for news in self._look():
            said += self._hear(news, sample_time(time.monotonic_ns()))
        if self._engine is not None:
            self._engine.turn()
            for at, message in self._engine.heard():
                said += self._play(message, at, through=False)
        return said

    def begin(self, rate: int, driver: str) -> None:
        """An engine runs: sample times begin anew at `rate` Hz."""
        self.keyboard.begin(rate)
        if self._engine is not None:
            self._engine.begin(rate, has_jack=driver == "jack")

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended: the keys held at its port are let go."""
        if self._engine is not None:
            self._engine.end()
        return self.keyboard.lose(JACK, now)

    def connected(self, connections: Iterable[Sequence[str]], waiting: Iterable[Sequence[str]]) -> None:
        """What the engine's JACK ports (short name, peer) are connected to, and whom of them they wait for."""
        if self._engine is not None:
            self._engine.connected(connections, waiting)

    def port_index(self, name: str) -> int:
        """The engine's number for an input, `port` of its MIDI; the same for the daemon's whole life."""
        if name not in self.ports:
            self.ports.append(name)
        return FIRST_NAMED_PORT + self.ports.index(name)

    def is_open(self, port: str) -> bool:
        """Whether notes can leave by this output: one of the process's, "jack" or "generator"."""
        timed = self._timed(port)
        return (port, "out") in self._open if timed is None else timed.is_open

    def note_on(self, port: str, channel: int, note: int, velocity: int, at: int | None = None) -> bool:
        """Channel 0-15, note 0-127, velocity 1-127; False: the port is not open, nothing left.

        `at` is the sample of the stream at which it leaves; without, at once. What is said later must not leave earlier.
        """
        if self._timed(port) is not None:
            return self.send(port, NOTE_ON | channel, note, velocity, at=at)
        if not self.is_open(port):
            return False
        owed = Note(port, channel, note) in self._owed
        if owed:
            self._owed.remove(Note(port, channel, note))
        if self.ledger.on(port, channel, note) or owed:
            self._end(port, channel, note, at)
        left = self.send(port, NOTE_ON | channel, note, velocity, at=at)
        if not left:
            self.ledger.off(port, channel, note)  # nobody will let it go
        return left

    def note_off(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        """Let one holder go; False: the port is not open, and what sounded gets its note-off when it is again."""
        if self._timed(port) is not None:
            return self.send(port, NOTE_OFF | channel, note, 0, at=at)
        if not self.is_open(port):
            return False
        return not self.ledger.off(port, channel, note) or self._end(port, channel, note, at)

    def play(self, phrase: Iterable[Phrased], port: str = GENERATOR) -> bool:
        """Play notes by an output of the engine's own, each from its sample to its sample. False: there is none."""
        return all(
            self.note_on(port, channel, note, velocity, at) and self.note_off(port, channel, note, until)
            for channel, note, velocity, at, until in phrase
        )

    def send(self, port: str, *message: int, at: int | None = None) -> bool:
        """Send the bytes of any message; of a note's, only through `note_on` and `note_off`. False: nothing left.

        The engine's own outputs take no system exclusive.
        """
        timed = self._timed(port)
        if timed is not None:
            status, data1, data2 = (*message, 0, 0)[:3]
            return timed.send((status, data1, data2), at)
        at_ns = (self.monotonic_ns(at) if at is not None and self.monotonic_ns is not None else 0) or 0
        return self.is_open(port) and self._beside.tell(Play(port, bytes(message), at_ns))

    def panic(self, port: str) -> None:
        """End every note that sounds on this port, whoever holds it."""
        timed = self._timed(port)
        if timed is not None:
            timed.panic([])
        elif self.is_open(port):
            self._beside.tell(Silence(port))
            for note in self.ledger.panic(port):
                self._end(port, note.channel, note.note)

    def panic_all(self) -> list[str]:
        """End every note by every output, and tell all 16 channels of each so; gives the outputs that are told.

        The engine does it by its own (daemon.engine.panic): here what waits for them is taken back.
        """
        self._owed = [note for note in self._owed if not self.is_open(note.port)]
        told = [port for port, direction in self._open if direction == "out"]
        for port in told:
            self.ledger.panic(port)
        self._is_panic = not self._beside.tell(AllOff()) if told else False
        for name, timed in self._engine.outputs.items() if self._engine else ():
            if timed.is_open:
                timed.forget()
                told.append(name)
        return told

    def close(self) -> None:
        """End every note that left, and the process; waits at most two seconds for it. Safe when closed."""
        if self.socket.fileno() < 0:
            return
        for port, direction in self._open:
            if direction == "out":
                self.panic(port)
        if self._engine is not None:
            self._engine.close()
        self._beside.close(CLOSE_S)

    def _say_turning(self) -> None:
        """The process ends every note of a daemon that hangs; a desk beside no engine is turned when somebody likes."""
        self._is_panic = self._is_panic and not self._beside.tell(AllOff())
        now = time.monotonic()
        if self._engine is not None and self._beside.pid and now >= self._turning_at:
            self._turning_at = now + TURNING_S
            self._beside.tell(Turning())

    def _timed(self, port: str) -> TimedOutput | None:
        """An output of the engine's own; None: it is the process's."""
        return self._engine.outputs.get(port) if self._engine else None

    def _play(self, message: MidiMessage, sample_time: int, through: bool) -> list[m.Message]:
        """What a message that came in gives; `through`: the engine has not got it yet."""
        if through and self._engine is not None:
            self._engine.through.feed(message, sample_time)
        if self.is_own is not None and self.is_own(message, sample_time):
            return []
        if self.on_message is not None:
            self.on_message(message._replace(at=sample_time))
        return self.keyboard.feed(message, sample_time)

    def _end(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        """Send a note-off; where it does not leave, it is tried again each turn."""
        left = self.send(port, NOTE_OFF | channel, note, 0, at=at)
        if not left:
            self._owed.append(Note(port, channel, note))
        return left

    def _hear(self, news: News, now: int) -> list[m.Message]:
        """What became of a port, and what that ends."""
        said: list[m.Message] = []
        if news.state == "open" and news.port:
            self._open[news.port, news.direction] = None
            if news.direction == "out":
                self.panic(news.port)  # what it still owed when it was lost
        elif news.state == "lost":
            self._open.pop((news.port, news.direction), None)
            if news.direction == "in":
                if self._engine is not None:
                    self._engine.through.lose(news.port, now)
                said += self.keyboard.lose(news.port, now)
        when: dict[str, Any] = {"sample_time": now, "known_at": now}
        return [*said, m.MidiPort(**when, **msgspec.structs.asdict(news))]

    def _start(self) -> None:
        self._beside.start()
        self._started = False

    def _read(self) -> Iterable[Played | News | Alive]:
        for packed in self._beside.said():
            self._started = True
            yield _decode(packed)

    def _look(self) -> list[News]:
        """Notice the process's end, or that it hangs; then everything is lost, until the next has opened it again."""
        now, beside = time.monotonic(), self._beside
        if not beside.pid:
            if now >= self._start_at and not self._is_off:
                self._start()
            return []
        code = beside.code()
        if code is None and now - beside.heard_at < (HANG_S if self._started else START_S):
            return []
        beside.end()
        self._start_at = now + AGAIN_S
        why = f"the MIDI process {how(code)}"
        if code == JACK_DIED:
            why = "the JACK server has died; waiting for it to come back"
        return [News(port, direction, "lost", why) for port, direction in list(self._open)]
