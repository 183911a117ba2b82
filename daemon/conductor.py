"""The conductor: what App needs of the clock, which follows whoever leads and tells all who follow.

The transport's time is seconds that run on for the daemon's whole life; here they are put onto each engine's samples, onto
CLOCK_MONOTONIC and onto Ableton Link's clock. What is said and sent is settled `LEAD_S` ahead, and never changed then.
"""

import time
from collections.abc import Iterable, Sequence

import zmq

from daemon import messages as m
from daemon.baton import Baton
from daemon.clock import Clock, offsets
from daemon.config import Clock as Config
from daemon.desk.commands.command import Command
from daemon.engine.host_time import HostTime
from daemon.engine.supervisor import Supervisor
from daemon.errors import Refused
from daemon.midi.desk import MidiDesk
from daemon.midi.engine import GENERATOR, JACK
from daemon.midi.message import STOP, SYSTEM, MidiMessage
from daemon.midi.process import VIRTUAL_IN, VIRTUAL_OUT
from daemon.room import PATIENT_MS
from daemon.service.router import Reply
from daemon.transport.arbiter import Arbiter
from daemon.transport.beats import Beats
from daemon.transport.fixed import Fixed
from daemon.transport.link import Link, LinkError
from daemon.transport.midi_clock import MidiClock
from daemon.transport.said import Said
from daemon.transport.source import Source
from daemon.transport.tap import Tap
from daemon.transport.ticks import Ticks

LEAD_S = 0.15
BEHIND_S = 0.5  # so late, ticks are not made up for
LINK_S = 0.05  # between two looks at the session
BUSY_MS = 20
LAST_S = 0.1  # for the engine to let the last Stop leave, behind what it was given before


def named(ports: Iterable[str], there: Iterable[str]) -> list[str]:
    """Those of the clock's ports that the MIDI process must open for it: no others of jamd's own, none twice."""
    own = {"", JACK, GENERATOR, VIRTUAL_IN, VIRTUAL_OUT, *there}
    return [port for port in dict.fromkeys(ports) if port not in own]


class Conductor:
    """[main]"""

    def __init__(self, config: Config, midi: MidiDesk, supervisor: Supervisor) -> None:
        """Follows nobody yet. Where Link is wanted but not installed, that is published."""
        self._config, self._midi, self._clock = config, midi, Clock(supervisor.state)
        self._host_time, self._state = HostTime(supervisor.state), supervisor.state
        self._rate, self._runs = 48000, False
        self._origin_s = 0.0  # sample 0 of the stream
        self._paused: tuple[float, int] | None = (
            None  # the transport's time, and CLOCK_MONOTONIC, when the engine ended
        )
        self._now_s = self._told_s = 0.0
        self._fixed, self._tap, self._beats = Fixed(config.tempo_bpm), Tap(), Beats(config.beats_per_bar)
        self._midi_clock = MidiClock(config.midi_in)
        sources: dict[str, Source] = {
            "midi_clock": self._midi_clock,
            "tap": self._tap,
            "beats": self._beats,
            "fixed": self._fixed,
        }
        self._news: list[m.Message] = []
        self._link, self._linked = self._join(), -1
        self._link_at_s = -1.0
        if self._link is not None:
            sources["link"] = self._link
        self.song = Arbiter(sources, config.sources, config.beats_per_bar, config.tempo_bpm / 60.0)
        self._baton = Baton(self.song, self._fixed, self._tap, self if self._link is not None else None)
        self._said = Said()
        self._outs = {port: Ticks(config.mmc and port != JACK) for port in dict.fromkeys(config.midi_out)}
        self._open: dict[str, bool] = {}

    def hear(self, message: MidiMessage) -> None:
        """Any MIDI message that came in: clock, start, stop, continue, song position are for here."""
        if message.status >= SYSTEM and self._is_there():
            self._midi_clock.feed(message.port, message.status, message.data1, message.data2, self._seconds(message.at))

    def submit(self, commands: Sequence[Command], reply: Reply, check: bool = False) -> None:
        """Have commands (daemon.desk.commands.clock) carried out, all or none."""
        for at, command in enumerate(commands):
            try:
                if not self._is_there():
                    raise Refused(503, "the engine does not run (yet), and time stands still without it")
                self._baton.check(command)
            except Refused as refused:
                reply({"error": {"code": refused.code, "text": str(refused), "at": at}})
                return
        sample = self._clock.sample_time(time.monotonic_ns())
        now_s = self._now_s if sample is None else self._seconds(sample)
        results = [{} if check else self._baton.do(command, now_s, self._told_s) for command in commands]
        for result in results:
            if result:
                result["outputs"] = self._outputs()
        reply({"ok": True, "results": results})

    def latencies(self) -> dict[str, float]:
        """ms by which each output is sent earlier than its music sounds."""
        found = {"midi_clock": self._config.midi_latency_ms} if self._outs else {}
        return found | ({"link": self._config.link_latency_ms} if self._link is not None else {})

    def attend(self, poller: zmq.Poller) -> int:
        """How long the loop may sleep; the engine wakes it more often."""
        return BUSY_MS if self._runs and self.song.is_led else PATIENT_MS

    def feed(self, message: m.Message) -> None:
        """Beats and attacks that the analysis finds."""
        if isinstance(message, m.Onset) and self._is_there():
            self._beats.strike(self._heard_s(message.sample_time))
        elif isinstance(message, m.Beat) and not message.replay and self._is_there():
            at_s = self._heard_s(message.sample_time)
            self._beats.feed(at_s, message.tempo_bpm, message.position, message.confidence)

    def begin(self, rate: int) -> None:
        """An engine runs: sample times begin anew, and the music goes on as if it had not been away."""
        self._rate, self._runs = rate, True
        self._said.forget()

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended: who hears ticks elsewhere is told to stop, until there is another."""
        if self._is_there():
            at_ns = self._clock.monotonic_ns(now)
            self._paused = self._seconds(now), time.monotonic_ns() if at_ns is None else at_ns
        self._runs = False
        self._stop()
        return []

    def turn(self, now: int) -> list[m.Message]:
        """Follow, and tell; `now`: the stream's sample time."""
        news, self._news = self._news, []
        if self._paused is not None and self._runs:
            begun_ns = self._clock.monotonic_ns(0)
            if begun_ns is not None:
                then_s, then_ns = self._paused
                self._origin_s, self._paused = then_s + (begun_ns - then_ns) * 1e-9, None
        if self._is_there():
            news += self._turn(now)
        for message in news:
            message.known_at = now
            if not isinstance(message, m.Transport):
                message.sample_time = now
        return news

    def close(self) -> None:
        """Stop who was started."""
        if self._stop() and self._runs:
            time.sleep(LAST_S)
        if self._link is not None:
            self._link.close()

    def set_tempo(self, bpm: float) -> None:
        """Of the Link session, from now on."""
        if self._link is not None:
            self._link.set_tempo(bpm, self._micros(self._now_s) or 0)

    def play(self, to: str) -> None:
        """Start, stop or continue the Link session now."""
        if self._link is not None:
            self._link.play(to, self._micros(self._now_s) or 0)

    def _turn(self, now: int) -> list[m.Message]:
        self._now_s = now_s = self._seconds(now)
        from_s = self._told_s
        if from_s < now_s - BEHIND_S:
            from_s = now_s
            for out in self._outs.values():
                out.lose()
        early_s = self._config.midi_latency_ms / 1000.0
        until_s = max(from_s, now_s + LEAD_S + max(0.0, early_s))
        news = self._look(now_s)
        self.song.advance(now_s, from_s)
        for port, ticks in self._outs.items():
            news += self._tell(port, ticks, from_s, until_s, early_s)
        if self.song.leader in ("", "beats"):  # the engine has its own beats at first hand
            self._host_time.release()
        else:
            self._host_time.lead(now, self.song.song_at(now_s), self.song.line.rate_at(now_s) / self._rate)
        news += self._said.turn(self.song, from_s, until_s, self._sample)
        self._told_s = until_s
        return news

    def _tell(self, port: str, ticks: Ticks, from_s: float, until_s: float, early_s: float) -> list[m.Message]:
        """Hand an output its messages; gives what became of it."""
        is_open = self._midi.is_open(port)
        was_open, self._open[port] = self._open.get(port, False), is_open
        if is_open:
            for out in ticks.turn(self.song, from_s, until_s):
                self._midi.send(port, *out.data, at=self._sample(out.at_s - early_s))
        elif was_open:
            ticks.lose()
        if is_open == was_open:
            return []
        return [m.Output(name=f"midi_clock:{port}", state="open" if is_open else "lost")]

    def _look(self, now_s: float) -> list[m.Message]:
        """At the Link session: where it is, or, if another leads, where it should be."""
        link = self._link
        if link is None or now_s < self._link_at_s + LINK_S:
            return []
        micros = self._micros(self._told_s)
        if micros is None:
            return []
        self._link_at_s = now_s
        link.look(self._told_s, micros)
        if self.song.is_led and self.song.leader not in ("", "link"):
            song, at_s = self.song, self._told_s
            link.lead(song.song_at(at_s), song.line.rate_at(at_s), song.playing, micros)
        if link.peers == self._linked:
            return []
        self._linked = link.peers
        return [m.Output(name="link", state="open", peers=link.peers)]

    def _join(self) -> Link | None:
        if not self._config.link:
            return None
        try:
            return Link(self._config.tempo_bpm, self._config.beats_per_bar)
        except LinkError as error:
            self._news.append(m.Output(name="link", state="failed", error=str(error)))
            return None

    def _stop(self) -> bool:
        """Tell every output at once that nothing runs; whether one was told."""
        told = False
        for port, ticks in self._outs.items():
            if ticks.runs:
                told |= self._midi.send(port, STOP)
            ticks.lose()
        return told

    def _outputs(self) -> dict[str, str]:
        found = {f"midi_clock:{port}": "open" if self._midi.is_open(port) else "not open" for port in self._outs}
        return found | ({"link": f"{self._link.peers} peers"} if self._link is not None else {})

    def _is_there(self) -> bool:
        """Whether sample times mean something."""
        return self._runs and self._paused is None

    def _heard_s(self, sample: int) -> float:
        """When it sounded: a block is handed over when its last sample has come."""
        return self._seconds(sample) - int(self._state["block_size"][0]) / self._rate

    def _seconds(self, sample: int) -> float:
        return self._origin_s + sample / self._rate

    def _sample(self, at_s: float) -> int:
        return round((at_s - self._origin_s) * self._rate)

    def _micros(self, at_s: float) -> int | None:
        """Link's clock at a time: what its latency says that peers should hear then."""
        at_ns = self._clock.monotonic_ns((at_s - self._origin_s) * self._rate)
        if at_ns is None:
            return None
        return round((at_ns + offsets().raw_offset_ns) / 1000.0 - self._config.link_latency_ms * 1000.0)
