"""The engine as a place for MIDI: what hands play goes through to it, and two outputs are its own, exact to the sample.

"jack" is its own MIDI port, an input and an output; "generator" the instruments it hosts, played by jamd.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from daemon.midi.ledger import Ledger
from daemon.midi.message import NOTE_OFF, NOTE_ON, SYSTEM, MidiMessage
from daemon.midi.through import ALLOWANCE_S, Ring, Through
from daemon.midi.timed import TimedOutput
from dsp.block import GENERATOR_PORT, JACK_PORT

JACK, GENERATOR = "jack", "generator"
MIDI_OUT = "midi_out"
"""The name of JACK's own port."""

CARRIES_S = 0.2  # before, a new connection of JACK's may lose what is sent
DRAIN_S = 0.25  # for the last note-offs to leave
HEARD_S = 0.03  # for JACK to hand over what has left


class Heard(Protocol):
    """A message of the engine's own MIDI input: `status` with its channel."""

    @property
    def sample_time(self) -> int: ...
    @property
    def status(self) -> int: ...
    @property
    def data1(self) -> int: ...
    @property
    def data2(self) -> int: ...


class Rings(Protocol):
    """The engine's MIDI, as daemon.engine.midi_ring.MidiRings has it."""

    @property
    def played(self) -> Ring: ...
    @property
    def generated(self) -> Ring: ...
    @property
    def sent(self) -> Ring: ...
    @property
    def block(self) -> int: ...
    def begin(self) -> None: ...
    def next_sample(self) -> int: ...
    def heard(self) -> Sequence[Heard]: ...
    def sounding(self) -> list[tuple[int, int]]: ...


class EngineMidi:
    """Lives as long as the daemon; between `begin` and `end` there is an engine. [main]"""

    def __init__(self, rings: Rings, ledger: Ledger, index: Callable[[str], int]) -> None:
        """`index` is the engine's number for a MIDI input's name."""
        self._rings, self._rate, self._runs = rings, 48000, False
        self.through = Through(rings.played, index)
        self._jack = TimedOutput(JACK, JACK_PORT, rings.sent, ledger, rings.next_sample)
        self._generator = TimedOutput(GENERATOR, GENERATOR_PORT, rings.generated, ledger, rings.next_sample)
        self.outputs = {JACK: self._jack, GENERATOR: self._generator}
        self._peers: set[str] = set()  # that hear the JACK port

    def begin(self, rate: int, has_jack: bool) -> None:
        """An engine runs at `rate` Hz; `has_jack`: with a MIDI port of its own."""
        self._rate, self._runs, self._peers = rate, True, set()
        self._rings.begin()
        self.through.begin(self._rings.block + round(ALLOWANCE_S * rate))
        self._generator.begin(rate)
        if has_jack:
            self._jack.begin(rate)

    def end(self) -> None:
        """The engine has ended, and its record still stands. Its instruments ended with it; who heard its port did not."""
        self._runs = False
        self.through.end()
        self._generator.end([])
        self._jack.end(self._rings.sounding())

    def connected(self, connections: Iterable[Sequence[str]], waiting: Iterable[Sequence[str]]) -> None:
        """What the engine's JACK ports (short name, peer) are connected to, and whom of them they wait for.

        Who hears the port again is told the end of what sounded when the last engine ended.
        """
        absent = {peer for own, peer in waiting if own == MIDI_OUT}
        peers = {peer for own, peer in connections if own == MIDI_OUT} - absent
        if peers - self._peers or not absent:
            self._jack.pay(CARRIES_S, self._rate, is_all=not absent)
        self._peers = peers

    def heard(self) -> list[tuple[int, MidiMessage]]:
        """(sample time, message) of all that came in at the engine's own port since the last call."""
        return [(one.sample_time, _message(one)) for one in self._rings.heard()] if self._runs else []

    def turn(self) -> None:
        """Let what is due go."""
        for output in self.outputs.values():
            output.turn()

    def close(self) -> None:
        """End all that sounds, and let that be heard."""
        if self._runs and self._jack.panic(self._rings.sounding()):
            ends_at = time.monotonic() + DRAIN_S
            while not self._rings.sent.is_read and time.monotonic() < ends_at:
                time.sleep(0.005)
            time.sleep(HEARD_S)


def _message(heard: Heard) -> MidiMessage:
    if heard.status >= SYSTEM:
        return MidiMessage(0, JACK, heard.status, -1, heard.data1, heard.data2)
    status, channel = heard.status & 0xF0, heard.status & 0x0F
    if status == NOTE_ON and heard.data2 == 0:
        status = NOTE_OFF
    return MidiMessage(0, JACK, status, channel, heard.data1, heard.data2)
