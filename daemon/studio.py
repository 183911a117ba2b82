"""The rack and the engine in this process, worked by hand: what plays live, from samples and MIDI of any origin.

The desk, the rack and the callback are the live ones, so that what is rendered is what would have sounded. They are looked
after on a grid of the stream's own, and nothing in here depends on the block size.
"""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon import messages as m
from daemon.config import Config
from daemon.desk.commands.presets import Load
from daemon.desk.commands.snapshots import Recall
from daemon.desk.desk import RackDesk
from daemon.desk.hands import Hands
from daemon.desk.shelf import Catalogue
from daemon.engine import offline
from daemon.engine import state as st
from daemon.errors import UserError
from daemon.inputs.midi_file import Event
from daemon.midi.message import MidiMessage
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack
from daemon.rack.way import Way
from daemon.registry import analyser
from dsp.block import FIRST_NAMED_PORT, MIDI

TURNS_PER_S = 50

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Order).decode


class StudioError(UserError):
    """A preset or snapshot that cannot be played."""


class Studio:
    """All methods: [main]."""

    def __init__(self, preset: Path, snapshot: str, rate: int, block: int, channels: int) -> None:
        """Open a preset as one of its snapshots (empty: as it stands). Raises StudioError, PresetError."""
        self.rate, self.block = rate, block
        analysers = [analyser(kind, name) for kind, name in Config().analysers()]  # plugins are told the tempo
        self._engine = offline.Engine(rate, channels, analysers)
        self._state = self._engine.state[0]
        self._rack = Rack(rate, self._state["block"])
        self._engine.state["rack"], self._engine.state["wet"] = self._rack.native, 1.0
        self._desk = RackDesk(Catalogue(), self._state["block"])
        self._hands = Hands(self._desk)
        self._ours, self._theirs = multiprocessing.Pipe()
        self._way = Way(self._theirs)
        self.problems: list[str] = []
        self.lowest_gain = 1.0  # of the master limiter
        self.now = 0  # samples done
        try:
            self._load(preset, snapshot)
        except BaseException:
            self.close()
            raise
        self.latency = self._rack.latency
        """Samples by which the output is late."""

    @property
    def tail_s(self) -> float:
        """Seconds that some plugin says it sounds on."""
        return self._rack.tail_s

    def play(
        self, sound: np.ndarray, events: list[Event], tempo: Callable[[int], tuple[float, float]] | None
    ) -> np.ndarray:
        """The output, float32 of shape (2, n), of n samples of input (channels, n) and the MIDI that falls in them.

        `tempo` gives beats a minute and beats at a sample; without it plugins are told what is heard.
        """
        n, start, parts = sound.shape[1], self.now, [np.zeros((2, 0), np.float32)]
        stops = {start + n, *range(-start % self._grid + start, start + n, self._grid)}
        if self._desk.book.mappings:
            stops |= {event.at for event in events}
        for stop in sorted(stop for stop in stops if stop > start):
            self._turn([event for event in events if self.now <= event.at < stop])
            for first in range(self.now, stop, self.block):
                part = sound[:, first - start : min(first + self.block, stop) - start]
                if tempo is not None:
                    self._state["block"]["tempo_bpm"], self._state["block"]["beats"] = tempo(first)
                self._engine.process(part)
                parts.append(self._state["output"][:, : part.shape[1]].copy())
                self.lowest_gain = min(self.lowest_gain, float(self._state["limiter_gain"]))
            self.now = stop
        return np.concatenate(parts, axis=1)

    def close(self) -> None:
        """Close the plugins."""
        self._desk.close()
        self._rack.close()
        self._way.close()
        for end in (self._ours, self._theirs):
            end.close()

    @property
    def _grid(self) -> int:
        return self.rate // TURNS_PER_S

    def _load(self, preset: Path, snapshot: str) -> None:
        """No plugin is to be left out for being slow, and what hears any MIDI is to hear this."""
        self._do(Load(str(preset)))
        book = self._desk.book
        for chain in book.document.chains:
            chain.isolate = False
            chain.midi = ["all"] if chain.midi else []
        for mapping in book.mappings:
            mapping.port = ""
        self._desk.begin(self._ours)
        self._settle()
        if snapshot:
            self._do(Recall(snapshot, 0.0))

    def _do(self, command: Any) -> None:
        """Carry a command out. Raises StudioError where it cannot be."""
        answers: list[dict[str, Any]] = []
        self._desk.submit([command], answers.append, "preset")
        self._settle()
        if answers and "error" in answers[0]:
            raise StudioError(answers[0]["error"]["text"])

    def _turn(self, events: list[Event]) -> None:
        """Hand over the MIDI of what comes next, let mappings do their work, and look after the plugins."""
        ring = self._state["played"]
        for event in events:
            if self._desk.book.mappings:
                kind, channel = event.status & 0xF0, event.status & 0x0F
                self._hands.feed(MidiMessage(0, "file", kind, channel, event.data1, event.data2))
            where = int(ring["written"]) % st.N_MIDI
            ring["entries"][where] = np.array((event.at, FIRST_NAMED_PORT, *event[1:], [0, 0, 0]), MIDI)
            ring["written"] += 1
        news = self._rack.turn()
        if news is not None:
            self._way.say(_encode(news))
        self._settle()

    def _settle(self) -> None:
        """Let desk and rack talk until both have said all."""
        while True:
            self._hear(self._desk.turn(self.now))
            orders = self._way.read()
            for order in orders:
                self._way.say(_encode(self._rack.carry_out(_decode(order))))
            self._way.flush()
            if not orders and not self._way.is_full and self._desk.is_idle:
                return

    def _hear(self, said: list[m.Message]) -> None:
        for message in said:
            if isinstance(message, m.PluginFault):
                self.problems.append(f"{message.plugin or message.chain}: {message.error or message.state}")
            elif isinstance(message, m.Rack) and message.kind == "warned":
                self.problems.append(message.text)
