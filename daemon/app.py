"""The one wiring place: a Config becomes an engine process, a bus, outputs, and the loop between them.

A block of sound is handled in the engine process. Here its events arrive (the wake-up), become messages, get their
numbers and go to the outputs. Everything in this file runs on the daemon's main thread.
"""

import time
from collections.abc import Callable
from typing import Any

import zmq

from daemon import announce
from daemon import messages as m
from daemon.alarm import Alarm
from daemon.bandstand import Bandstand
from daemon.bind import is_here
from daemon.booth import Booth
from daemon.bus import Bus
from daemon.casting import Casting
from daemon.clock import Clock, offsets
from daemon.conductor import Conductor, named
from daemon.config import Config
from daemon.console import Console
from daemon.curve import Gate
from daemon.desk.commands import decode
from daemon.engine import histogram
from daemon.engine.midi_ring import MidiRings
from daemon.engine.offline import Reader
from daemon.engine.supervisor import Supervisor
from daemon.errors import UserError
from daemon.flight.room import Flight
from daemon.front.room import Front
from daemon.hearing.room import Hearing
from daemon.inputs.caller import Caller
from daemon.lighting import Lighting
from daemon.midi.desk import MidiDesk
from daemon.midi.message import MidiMessage
from daemon.native_cache import COMPILING, SLOW_START_S
from daemon.order import order
from daemon.outputs.zmq_latest import ZmqLatest
from daemon.outputs.zmq_pub import ZmqPublisher
from daemon.remote import Remote
from daemon.room import Room
from dsp.block import FIRST_NAMED_PORT

HEARTBEAT_S = 1.0
PATIENCE_S = 2.0  # an engine that dies sooner after its start is started again this much later


class App:
    """The daemon: made, run, closed. [main]"""

    def __init__(self, config: Config) -> None:
        """Bind the sockets and load the preset. Raises BindError, SoundFileError, ConsoleError."""
        self.bus = Bus()
        self.supervisor = Supervisor(order(config))
        self.gate = Gate(always=config.zmq.curve)
        try:
            self.publisher = ZmqPublisher(config.zmq.address, config.zmq.encoding, self.gate)
            self.publishers = [self.publisher]
            if config.zmq.latest != "off":
                self.publishers.append(ZmqLatest(config.zmq.latest, config.zmq.encoding, self.gate))
            if config.zmq.announce:
                announce.check(self.publisher.address)
        except UserError:
            self.gate.close()
            raise
        for publisher in self.publishers:
            self.bus.subscribe(publisher.publish)
        self.reader = Reader(self.supervisor.state)
        self.clock = Clock(self.supervisor.state)
        midi = config.midi
        inputs = [*midi.inputs, *named([config.clock.midi_in], midi.inputs)]
        outputs = [*midi.outputs, *named(config.clock.midi_out, midi.outputs)]
        self.midi = MidiDesk(midi.api, inputs, outputs, midi.virtual, MidiRings(self.supervisor.state))
        self.booth = Booth(config.recommend, self.supervisor.memory, config.models)
        self.conductor = Conductor(config.clock, self.midi, self.supervisor)
        try:
            self.console = Console(config, self.supervisor, self.gate)
            self.lighting = Lighting(config.lights, self.supervisor.memory, self.console.desk)
            self.remote = Remote(config.osc, self.console.submit)
            self.front = Front(
                config.page, config.services, config.recommend.library, config.models, decode, self.console.submit
            )
        except UserError:
            self.gate.close()
            self.midi.close()
            raise
        self.stand = Bandstand(config.generate, self.midi, self.console.desk, config.models)
        self.alarm = Alarm(self.supervisor, self.midi, self.stand, self.lighting)
        self.flight = Flight(config, self.supervisor.memory, self.midi, self.stand, self.console.desk.book)
        self.hearing = Hearing(config.neural(), config.analysers(), self.supervisor.memory, config.models)
        self.casting = Casting(self.stand, self.booth, self.hearing)
        self.console.others = {
            "recommender": self.booth.submit,
            "clock": self.conductor.submit,
            "lights": self.lighting.submit,
            "panic": self.alarm.submit,
            "services": self.front.submit,
            "recorder": self.flight.submit,
            "models": self.casting.submit,
        }
        self.midi.on_message = self._on_midi
        self.midi.monotonic_ns = self.clock.monotonic_ns
        self.console.desk.band, self.console.desk.show = self.stand, self.lighting
        self.rooms: tuple[Room, ...] = (
            self.hearing,
            self.stand,
            self.booth,
            self.conductor,
            self.lighting,
            self.remote,
            self.alarm,
            self.casting,
            self.flight,
            self.front,
        )
        if config.zmq.announce:
            latest = self.publishers[-1].address if len(self.publishers) > 1 else ""
            control = self.console.router.address if self.console.router is not None else ""
            is_closed = config.zmq.curve or not is_here("zmq.address", self.publisher.address)
            self.rooms += (announce.Announcer(self.publisher.address, latest, control, is_closed),)
        for room in self.rooms:
            self.bus.subscribe(room.feed)
        self.caller = Caller() if config.engine.input == "call" else None
        self.on_hop: Callable[[Any], None] | None = None  # is handed the newest hop's features
        self.on_turn: Callable[[], None] | None = None  # is called once per turn of the loop
        self.rate = 48000
        self.error = ""  # why `run` ended, where it was not asked to
        self._restart_at: float | None = None
        self._started_at = 0.0
        self._ran_since: float | None = None
        self._epoch = -1  # of the engine that runs
        self._running = self._said_slow = False

    def run(self, seconds: float | None = None) -> int:
        """Work until `stop`, the source's end, `seconds`, or an error at the start (then 1; see `error`).

        `seconds` count from when the engine first ran.
        """
        poller = zmq.Poller()
        own = (self.supervisor.wake.read_fd, self.supervisor.heard_fd, self.midi.socket)
        for fd in (*own, *(publisher.socket for publisher in self.publishers), self.gate.socket):
            if fd is not None:
                poller.register(fd, zmq.POLLIN)
        self._running = True
        self._start(retry=False)
        beat_at = time.monotonic() + HEARTBEAT_S
        pulse = self.supervisor.state["daemon_pulse"]
        while self._running:
            pulse[0] += 1
            waits_ms = [self.console.attend(poller), *(room.attend(poller) for room in self.rooms)]
            ready = dict(poller.poll(min(waits_ms)))
            for news in self.supervisor.poll():
                self._on_engine(news)
            if self.supervisor.wake.read_fd in ready:
                self.supervisor.wake.clear()
                self._pass_on()
            self.gate.turn()
            for publisher in self.publishers:
                if publisher.socket in ready:
                    publisher.serve_joiners()
            for message in self.midi.turn(self._sample_time):
                self._publish(message)
            for message in self.caller.turn(self._now(), self.rate) if self.caller is not None else ():
                self._publish(message)
            self.console.desk.name_ports(self.midi.ports[FIRST_NAMED_PORT:])
            for message in self.console.turn(self._now()):
                self._publish(message)
            for room in self.rooms:
                for message in room.turn(self._now()):
                    self._publish(message)
            if self.on_turn is not None:
                self.on_turn()
            now = time.monotonic()
            self._say_if_slow(now)
            if self._restart_at is not None and now >= self._restart_at:
                self._start(retry=True)
            if now >= beat_at:
                beat_at = now + HEARTBEAT_S
                self._heartbeat()
            if seconds is not None and self._ran_since is not None and now >= self._ran_since + seconds:
                break
        return 1 if self.error else 0

    def stop(self) -> None:
        """Let `run` return after the message in hand. [any]"""
        self._running = False

    def close(self) -> None:
        """Sound, notes and lights first, then the engine, then the outputs."""
        for message in self.alarm.finish():
            self._publish(message)
        self._silence()
        for room in self.rooms:
            room.close()
        self.midi.close()  # while the engine can still let the last note-offs leave
        self.console.close()
        self.supervisor.close()
        self.gate.close()

    def _start(self, retry: bool) -> None:
        self._restart_at, self._started_at = None, time.monotonic()
        self._said_slow = False
        self.supervisor.start(retry)

    def _say_if_slow(self, now: float) -> None:
        """A first start that takes long is compiling; say so once."""
        if self._ran_since is None and not self._said_slow and now - self._started_at > SLOW_START_S:
            self._said_slow = True
            self._publish(m.Engine(state="starting", error=COMPILING))

    def _pass_on(self) -> None:
        """Engine records to messages to the bus; nothing of an engine that has not yet said it runs."""
        if int(self.supervisor.state["epoch"][0]) != self._epoch:
            return
        lost_before = self.reader.events_lost
        found = self.reader.read()
        if self.reader.events_lost > lost_before:  # a note-off may be among them
            self._silence()
        for message in self.hearing.passed(found, self.rate):
            self._publish(message)
        if self.on_hop is not None and len(found.hops):
            self.on_hop(found.hops[-1])

    def _publish(self, message: m.Message) -> None:
        message.rate = self.rate
        message.t_ns = self.clock.monotonic_ns(message.sample_time) or 0
        self.bus.publish(message)

    def _on_engine(self, news: dict[str, Any]) -> None:
        """The engine runs, or what became of it."""
        state = news["engine"]
        if state == "connected":
            self.midi.connected(news["connections"], news["waiting"])
            return
        if state == "running":
            self.rate = news["rate"]
            self._ran_since = self._ran_since or time.monotonic()
            self.reader = Reader(self.supervisor.state)
            self._epoch = news["epoch"]
            self.bus.begin(self._epoch)
            self.midi.begin(self.rate, news["driver"])
            for room in self.rooms:
                room.begin(self.rate)
        else:
            self._pass_on()
        blamed = False  # a plugin is at fault, and will be left out where it is so too often
        if state in ("lost", "died", "hung", "ended"):
            self._silence()
            for message in (
                *self.midi.end(self._now()),
                *(one for room in self.rooms for one in room.end(self._now())),
            ):
                self._publish(message)
            blamed = state in ("died", "hung") and self.console.desk.died(self._ran_since is not None)
            self.console.desk.lost()
        known = {name: news[name] for name in ("error", "driver", "device", "block_size") if name in news}
        self._publish(m.Engine(sample_time=self._now(), known_at=self._now(), state=state, **known))
        if state in ("died", "hung") and self._ran_since is None and not blamed:
            self.error, self._running = f"{news['error']} before it ran; `jamd doctor` may know why", False
        elif state in ("lost", "died", "hung"):
            early = time.monotonic() - self._started_at < PATIENCE_S and not blamed
            self._restart_at = time.monotonic() + (PATIENCE_S if early else 0.0)
        elif state == "failed":
            self.error, self._running = news["error"], False
        elif state == "ended":
            self._running = False

    def _on_midi(self, message: MidiMessage) -> None:
        """What hands play may be mapped, and some of it is a clock's."""
        self.conductor.hear(message)
        self.console.hands.feed(message)

    def _silence(self) -> None:
        """Publish the note-off of every note heard that still sounds."""
        for message in self.hearing.silence(self._now()):
            self._publish(message)

    def _now(self) -> int:
        return int(self.supervisor.state["sample_time"][0])

    def _sample_time(self, monotonic_ns: int) -> int:
        """When that was in the stream, at the earliest its beginning; while the clock is not locked, now."""
        at = self.clock.sample_time(monotonic_ns)
        return self._now() if at is None else max(0, at)

    def _heartbeat(self) -> None:
        stats = histogram.stats(self.supervisor.state)
        stats["lost_events"] += self.reader.events_lost
        now = self._now()
        self._publish(
            m.Heartbeat(
                sample_time=now,
                known_at=now,
                lost_hops=self.reader.hops_lost,
                lost_midi=self.midi.lost,
                late_midi=int(self.supervisor.state["late_midi"][0]),
                rack_latency_samples=self.console.desk.book.latency_samples,
                drops={publisher.readers: publisher.drops for publisher in self.publishers}
                | {"osc": self.remote.drops(), "lights": self.lighting.drops},
                latencies_ms=self.conductor.latencies() | self.lighting.latencies() | self.remote.latencies(),
                work_histogram=histogram.rows(self.supervisor.state),
                **offsets()._asdict(),
                **stats,
            )
        )
