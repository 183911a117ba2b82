"""The engine's own MIDI ports on a real JACK server: exact to the sample, and back after whatever dies."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daemon import messages as m
from daemon.app import App
from daemon.config import parse
from daemon.engine.midi_ring import MidiRings
from daemon.engine.supervisor import Supervisor
from daemon.midi.desk import MidiDesk
from daemon.midi.ledger import Note
from daemon.midi.through import ALLOWANCE_S
from daemon.order import order
from tests.engine_alone import ENGINE_ALONE

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

RATE = 48000
NOTE_ON, NOTE_OFF = 0x90, 0x80


def config(folder: Any, api: str = "off") -> Any:
    """Of a daemon with the engine's own MIDI ports, and with an `api` rtmidi's."""
    return parse(
        {
            "engine": {"driver": "jack", "device": "none"},
            "midi": {"api": api},
            "zmq": {"address": f"ipc://{folder}/wire", "latest": "off"},
            "page": {"address": "off"},
            "control": {"address": "off"},
            "analysis": ENGINE_ALONE,
        }
    )


def until(done: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    ends_at = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < ends_at, f"{what}: not in time"
        time.sleep(0.01)
    return found


def client(name: str) -> Any:
    """A JACK client; two that open at the same moment, on whatever server, can fail."""
    for _ in range(4):
        try:
            return jack.Client(name, no_start_server=True)
        except jack.JackOpenError:
            time.sleep(0.5)
    return jack.Client(name, no_start_server=True)


class Orchestra:
    """Two JACK clients: one plays messages at absolute frames, the other notes at which frames it hears them."""

    def __init__(self) -> None:
        self.player, self.listener = client("player"), client("listener")
        self.heard: list[tuple[int, tuple[int, ...]]] = []
        self.score: list[tuple[int, tuple[int, ...]]] = []
        self.frame = 0  # of the newest block
        out, into = self.player.midi_outports.register("out"), self.listener.midi_inports.register("in")

        @self.player.set_process_callback
        def play(n: int) -> None:
            self.frame = start = self.player.last_frame_time
            out.clear_buffer()
            while self.score and self.score[0][0] < start + n:
                frame, message = self.score.pop(0)
                if frame >= start:
                    out.write_midi_event(frame - start, message)

        @self.listener.set_process_callback
        def listen(n: int) -> None:
            start = self.listener.last_frame_time
            self.heard += [(start + at, tuple(bytes(data))) for at, data in into.incoming_midi_events()]

        self.player.activate()
        self.listener.activate()
        self.player.connect("player:out", "jamd:midi_in")
        self.listener.connect("jamd:midi_out", "listener:in")
        until(lambda: self.frame, "JACK's first block")

    def close(self) -> None:
        for one in (self.player, self.listener):
            one.deactivate()
            one.close()


@pytest.fixture
def engine(fresh_jack_server) -> Iterator[Supervisor]:
    """An engine process alone, without plugins."""
    supervisor = Supervisor(order(config("/nowhere")) | {"player": None})
    supervisor.start()
    until(lambda: any(news["engine"] == "running" for news in supervisor.poll()), "the engine", 240.0)
    yield supervisor
    supervisor.close()


@pytest.fixture
def orchestra(engine) -> Iterator[Orchestra]:
    made = Orchestra()
    yield made
    made.close()


@pytest.mark.parametrize("fresh_jack_server", [64, 128, 256], indirect=True)
def test_midi_comes_in_and_leaves_exactly_on_its_sample(engine, orchestra) -> None:
    rings = MidiRings(engine.state)
    start = orchestra.frame + 3 * RATE
    played = [(start + 1001 * k, (NOTE_ON, k, 99)) for k in range(100)]
    played += [(start + 200_000, (NOTE_ON, 100 + k, 99)) for k in range(20)]  # all at once
    samples = [rings.next_sample() + RATE + 997 * k for k in range(120)]
    for k, at in enumerate(samples):
        assert rings.sent.put(at, 0, NOTE_ON, k, 100)
    orchestra.player.set_freewheel(True)  # the server waits for every client: no block is lost to a busy machine
    orchestra.score += played
    until(lambda: len(orchestra.heard) == 120 and orchestra.frame > start + 300_000, "what is played")
    orchestra.player.set_freewheel(False)
    heard = rings.heard()
    assert [(one.status, one.data1, one.data2) for one in heard] == [message for _, message in played]
    offsets = {one.sample_time - frame for one, (frame, _) in zip(heard, played, strict=True)}
    assert len(offsets) == 1, "the stream is JACK's frames less one constant"
    offset = offsets.pop()
    assert orchestra.heard == [(at - offset, (NOTE_ON, k, 100)) for k, at in enumerate(samples)]
    assert int(engine.state["late_midi"][0]) == int(engine.state["lost_midi"][0]) == 0


def test_only_whole_channel_and_clock_messages_come_in(engine, orchestra) -> None:
    rings = MidiRings(engine.state)
    messages = [
        (0xF0, 1, 0xF7),
        (0xF8,),
        (0xF6,),
        (0xFE,),
        (0xF2, 5, 1),
        (NOTE_ON, 60, 0),
        (0xC3, 5),
        (0xD0, 7),
        (0xE1, 0, 64),
        (0xB0, 64, 127),
        (0x90, 1),
    ]
    start = orchestra.frame + RATE // 2
    orchestra.score += [(start + k, message) for k, message in enumerate(messages)]
    heard: list[tuple[int, ...]] = []

    def all_heard() -> bool:
        heard.extend((one.status, one.data1, one.data2) for one in rings.heard())
        return orchestra.frame > start + RATE // 2

    until(all_heard, "what is played")
    clock = [(0xF8, 0, 0), (0xF2, 5, 1)]
    assert heard == [*clock, (NOTE_ON, 60, 0), (0xC3, 5, 0), (0xD0, 7, 0), (0xE1, 0, 64), (0xB0, 64, 127)]


PEER = """
import sys, jack
client = jack.Client("peer", no_start_server=True)
keys, synth = client.midi_outports.register("keys"), client.midi_inports.register("synth")
mic, ear = client.outports.register("mic"), client.inports.register("ear")
waiting = []
@client.set_process_callback
def process(n):
    keys.clear_buffer()
    if waiting:
        keys.write_midi_event(0, waiting.pop(0))
    for _, data in synth.incoming_midi_events():
        print(*bytes(data), flush=True)
client.activate()
for pair in sys.argv[1:]:
    client.connect(*pair.split("-"))
print("ready", flush=True)
for line in sys.stdin:
    waiting.append([int(byte) for byte in line.split()])
"""
WIRES = ("peer:keys-jamd:midi_in", "jamd:midi_out-peer:synth", "peer:mic-jamd:in_2", "jamd:out_1-peer:ear")


class Peer:
    """Another program on the same server: a keyboard, a synthesizer, a microphone and an ear."""

    def __init__(self, *wires: str) -> None:
        command = [sys.executable, "-c", PEER, *wires]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: queue.Queue[str] = queue.Queue()
        self._last = ""
        threading.Thread(target=self._read, daemon=True).start()
        assert self.hears() == "ready"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line.strip())

    def hears(self, seconds: float = 20.0) -> str:
        """The next message that its synthesizer gets, as text; empty if there is none.

        JACK hands over the last block of a client that was late, or has died, again; that is passed over.
        """
        last = self._last
        while self._last == last:
            try:
                self._last = self._said.get(timeout=seconds)
            except queue.Empty:
                return ""
        return self._last

    def plays(self, *message: int) -> None:
        assert self.process.stdin is not None
        print(*message, file=self.process.stdin, flush=True)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()  # type: ignore[union-attr]


class Live:
    """A whole daemon in a thread of this process, which is no JACK client: those do not outlive their server."""

    def __init__(self, folder: Any, api: str = "off") -> None:
        self.app = App(config(folder, api))
        self.got: list[m.Message] = []
        self.app.bus.subscribe(self.got.append)
        self._calls: queue.Queue = queue.Queue()
        self.app.on_turn = self._call
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        until(lambda: self.states()[-1:] == ["running"], "the engine", 240.0)

    def _work(self) -> None:
        """All of it on one thread: an engine dies with the one that started it."""
        self.app.run()
        self.app.close()

    def _call(self) -> None:
        while not self._calls.empty():
            call, answer = self._calls.get()
            answer.put(call())

    def do(self, call: Callable[[], Any]) -> Any:
        """Call something on the daemon's own thread."""
        answer: queue.Queue = queue.Queue()
        self._calls.put((call, answer))
        return answer.get(timeout=20)

    def states(self) -> list[str]:
        return [one.state for one in self.got if isinstance(one, m.Engine)]

    def notes(self) -> list[tuple[str, int, bool]]:
        return [(one.port, one.midi, one.on) for one in self.got if isinstance(one, m.MidiNote)]

    def knows(self, *wires: str) -> bool:
        """Whether the daemon has been told of exactly these connections."""
        pairs = {tuple(sorted(wire.split("-"), key=lambda end: end.startswith("peer"))) for wire in wires}
        known = self.app.supervisor._connections
        return {(f"jamd:{own}", peer) for own, peer in known or ()} == pairs

    def close(self) -> None:
        self.app.stop()
        self._thread.join(20)


def wires(server: Any) -> set[str]:
    """What is connected to jamd's ports on this server."""
    command = ["jack_lsp", "-s", server.name, "-c"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    found, port = set(), ""
    for line in said.splitlines():
        if not line.startswith(" "):
            port = line.strip()
        elif port.startswith("jamd:"):
            found.add((port, line.strip()))
    return {f"{peer}-{own}" if "in" in own.partition(":")[2] else f"{own}-{peer}" for own, peer in found}


@pytest.fixture
def stage(fresh_jack_server, tmp_path) -> Iterator[Callable[..., Any]]:
    """Makes what is closed after the test, the newest first."""
    made: list[Any] = []

    def make(kind: Callable[..., Any], *arguments: Any) -> Any:
        made.append(kind(*arguments))
        return made[-1]

    yield make
    for one in reversed(made):
        one.close()


def test_what_is_played_at_another_port_reaches_the_engine_a_constant_delay_later(stage, tmp_path) -> None:
    live, player = stage(Live, tmp_path, "jack"), stage(MidiDesk, "jack", [], [":jamd in"], False)

    def is_connected() -> bool:
        player.turn(lambda ns: 0)
        return player.is_open(":jamd in")

    until(is_connected, "the port")
    for note in (60, 64):
        player.note_on(":jamd in", 5, note, 90)
        time.sleep(0.1)
    until(lambda: live.notes() == [("jamd in", note, True) for note in (60, 64)], "what is played")
    came = [one.sample_time for one in live.got if isinstance(one, m.MidiNote)]
    ring, port = live.app.supervisor.state["played"][0], live.app.midi.port_index("jamd in")
    delay = 256 + round(ALLOWANCE_S * RATE)
    until(lambda: ring["read"] == 2, "the engine")
    wanted = [(at + delay, port, NOTE_ON | 5, note, 90) for at, note in zip(came, (60, 64), strict=True)]
    assert [entry[:5] for entry in ring["entries"][:2].tolist()] == wanted


def test_ports_connections_and_note_ends_are_back_after_the_death_of_the_server(
    stage, fresh_jack_server, tmp_path
) -> None:
    live, peer = stage(Live, tmp_path), stage(Peer, *WIRES)
    until(lambda: live.knows(*WIRES), "the connections")
    assert live.do(lambda: live.app.midi.note_on("jack", 2, 60, 100))
    assert peer.hears() == f"{NOTE_ON | 2} 60 100"
    peer.plays(NOTE_ON, 64, 90)
    until(lambda: live.notes() == [("jack", 64, True)], "what the peer plays")
    fresh_jack_server.kill()
    until(lambda: live.states()[-1] == "lost", "the loss")
    assert live.notes()[1:] == [("jack", 64, False)], "what was held at the port is let go"
    assert not live.do(lambda: live.app.midi.note_on("jack", 2, 61, 100))
    peer.close()
    fresh_jack_server.start()
    until(lambda: live.states()[-1] == "running", "the engine")
    peer = stage(Peer)
    assert peer.hears() == f"{NOTE_OFF | 2} 60 0", "it is told the end of what sounded when the server died"
    assert wires(fresh_jack_server) == set(WIRES)
    peer.plays(NOTE_ON, 65, 90)
    until(lambda: live.notes()[2:] == [("jack", 65, True)], "what the peer plays")
    assert live.do(lambda: live.app.midi.note_on("jack", 0, 62, 100))
    assert peer.hears() == f"{NOTE_ON} 62 100"
    assert live.do(live.app.midi.ledger.sounding) == [Note("jack", 0, 62)]


def test_connections_and_note_ends_are_back_after_the_death_of_the_engine(stage, fresh_jack_server, tmp_path) -> None:
    live, peer = stage(Live, tmp_path), stage(Peer, *WIRES)
    until(lambda: live.knows(*WIRES), "the connections")
    for note in (60, 67):
        live.do(lambda note=note: live.app.midi.note_on("jack", 0, note, 100))
        assert peer.hears() == f"{NOTE_ON} {note} 100"
    os.kill(live.app.supervisor.pid, signal.SIGKILL)
    assert [peer.hears(), peer.hears()] == [f"{NOTE_OFF} 60 0", f"{NOTE_OFF} 67 0"]
    assert wires(fresh_jack_server) == set(WIRES)
    assert live.do(live.app.midi.ledger.sounding) == []
    assert peer.hears(1.5) == "", "and no more than once"


def test_the_daemons_end_leaves_no_note_behind(stage, tmp_path) -> None:
    live, peer = stage(Live, tmp_path), stage(Peer, *WIRES)
    live.do(lambda: live.app.midi.note_on("jack", 0, 60, 100))
    assert peer.hears() == f"{NOTE_ON} 60 100"
    live.close()
    assert peer.hears() == f"{NOTE_OFF} 60 0"


def test_what_was_cut_stays_cut_and_who_comes_back_is_connected_again(stage, fresh_jack_server, tmp_path) -> None:
    live, peer = stage(Live, tmp_path), stage(Peer, *WIRES)
    until(lambda: live.knows(*WIRES), "the connections")
    cut = ["jack_disconnect", "-s", fresh_jack_server.name, *WIRES[2].split("-")]
    subprocess.run(cut, check=True, timeout=10)
    kept = [wire for wire in WIRES if wire != WIRES[2]]
    until(lambda: live.knows(*kept), "the cut")
    peer.close()
    until(lambda: wires(fresh_jack_server) == set(), "the peer's end")
    time.sleep(1.5)
    stage(Peer)
    until(lambda: wires(fresh_jack_server) == set(kept), "the peer's return")
    os.kill(live.app.supervisor.pid, signal.SIGKILL)
    until(lambda: live.states()[-1] == "died", "the death")
    until(lambda: live.states()[-1] == "running" and wires(fresh_jack_server) == set(kept), "the engine")
