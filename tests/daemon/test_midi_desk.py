"""MIDI in and out through a real JACK server: two desks play to each other, and ports, processes and servers go."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from daemon import messages as m
from daemon import packets
from daemon.midi import api, link
from daemon.midi import message as midi
from daemon.midi.desk import MidiDesk
from daemon.midi.jack_watch import JackWatch
from daemon.midi.ledger import Note
from daemon.midi.ports import MidiInput, Stamps
from daemon.midi.process import VIRTUAL_IN, VIRTUAL_OUT

TO, FROM = f":{VIRTUAL_IN}", f":{VIRTUAL_OUT}"  # with the colon, no other port's name holds them


class Tape:
    """Stands where the keyboard's analysis does, and keeps what comes."""

    def __init__(self) -> None:
        self.heard: list[midi.MidiMessage] = []

    def feed(self, message: midi.MidiMessage, sample_time: int) -> list[m.Message]:
        self.heard.append(message)
        return []

    def lose(self, port: str, sample_time: int) -> list[m.Message]:
        return []


class Seat:
    """A desk and its tape."""

    def __init__(self, inputs: list[str], outputs: list[str], virtual: bool) -> None:
        self.desk, self.tape = MidiDesk("jack", inputs, outputs, virtual), Tape()
        self.desk.keyboard = self.tape  # type: ignore[assignment]
        self.news: list[m.MidiPort] = []

    def until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        ends_at = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends_at, f"not in time; heard {self.tape.heard}, {self.news}"
            self.news += self.desk.turn(lambda ns: ns)  # type: ignore[arg-type]
            time.sleep(0.002)

    def take(self, count: int) -> list[midi.MidiMessage]:
        """The next messages; there may be no more."""
        self.until(lambda: len(self.tape.heard) >= count)
        got, self.tape.heard = self.tape.heard[:count], self.tape.heard[count:]
        return got

    def hears(self, *states: tuple[str, str]) -> str:
        """Wait until this is the news, (port, state) each; returns the last one's error."""
        self.until(lambda: len(self.news) >= len(states))
        got, self.news = self.news, []
        assert sorted((one.port, one.state) for one in got) == sorted(states)
        return got[-1].error


@pytest.fixture
def seats() -> Iterator[Callable[..., Seat]]:
    made: list[Seat] = []

    def sit(inputs: list[str], outputs: list[str], virtual: bool = False) -> Seat:
        made.append(Seat(inputs, outputs, virtual))
        return made[-1]

    yield sit
    for seat in made:
        seat.desk.close()


@pytest.fixture
def stage(jack_server, seats) -> Seat:
    """The seat whose ports are its own."""
    seat = seats([], [], virtual=True)
    seat.hears((VIRTUAL_IN, "open"), (VIRTUAL_OUT, "open"))
    return seat


@pytest.fixture
def player(stage, seats) -> Seat:
    """The seat that is connected to both of them."""
    seat = seats([FROM], [TO])
    seat.hears((FROM, "open"), (TO, "open"))
    return seat


def statuses(messages: list[midi.MidiMessage]) -> list[int]:
    return [message.status for message in messages]


def test_what_is_sent_comes_in_stamped(stage, player) -> None:
    before = time.monotonic_ns()
    assert player.desk.note_on(TO, 2, 60, 100)
    assert player.desk.send(TO, midi.CONTROL | 2, midi.SUSTAIN, 127)
    assert player.desk.send(TO, midi.CLOCK)
    assert player.desk.note_off(TO, 2, 60)
    got = stage.take(4)
    assert [message[1:6] for message in got] == [
        (VIRTUAL_IN, midi.NOTE_ON, 2, 60, 100),
        (VIRTUAL_IN, midi.CONTROL, 2, 64, 127),
        (VIRTUAL_IN, midi.CLOCK, -1, 0, 0),
        (VIRTUAL_IN, midi.NOTE_OFF, 2, 60, 0),
    ]
    assert all(before < message.monotonic_ns < time.monotonic_ns() for message in got)


def test_what_is_to_leave_later_leaves_on_time(stage, player) -> None:
    player.desk.monotonic_ns = round
    start = time.monotonic_ns() + 50_000_000
    due = [start + 7_300_000 * k for k in range(40)]
    for k, at in enumerate(due):
        assert player.desk.note_on(TO, 0, 60 + k % 2, 100, at)
        assert player.desk.note_off(TO, 0, 60 + k % 2, at + 5_000_000)
    got = [one for one in stage.take(80) if one.status == midi.NOTE_ON]
    late_ms = sorted((one.monotonic_ns - at) * 1e-6 for one, at in zip(got, due, strict=True))
    assert late_ms[0] > -6.0, "none before its time, less a block of JACK's"
    assert not player.desk.ledger.sounding()


def test_a_panic_takes_back_what_waits_and_ends_what_sounds(stage, player) -> None:
    player.desk.monotonic_ns = round
    soon = time.monotonic_ns() + 400_000_000
    player.desk.note_on(TO, 0, 60, 100)
    player.desk.note_off(TO, 0, 60, soon)
    player.desk.note_on(TO, 0, 62, 100, soon)
    assert [one.status for one in stage.take(1)] == [midi.NOTE_ON]
    player.desk.panic(TO)
    ends_at = time.monotonic() + 0.8
    stage.until(lambda: time.monotonic() > ends_at)
    got = [(one.status, one.data1) for one in stage.take(len(stage.tape.heard))]
    assert (midi.NOTE_OFF, 60) in got
    assert midi.NOTE_ON not in [status for status, _ in got]


def test_a_virtual_output_is_heard_by_who_listens_to_it(stage, player) -> None:
    assert stage.desk.note_on(VIRTUAL_OUT, 0, 64, 1)
    assert player.take(1)[0][1:6] == (FROM, midi.NOTE_ON, 0, 64, 1)


def test_a_note_struck_again_is_ended_first(stage, player) -> None:
    for velocity in (100, 90):
        player.desk.note_on(TO, 0, 60, velocity)
    for _ in range(3):
        player.desk.note_off(TO, 0, 60)
    player.desk.send(TO, midi.START)
    assert statuses(stage.take(5)) == [midi.NOTE_ON, midi.NOTE_OFF, midi.NOTE_ON, midi.NOTE_OFF, midi.START]


def test_close_ends_every_note_first(stage, player) -> None:
    for note in range(40, 100):
        player.desk.note_on(TO, 0, note, 100)
    player.desk.close()
    assert player.desk.ledger.sounding() == []
    got = stage.take(120)
    assert [message.data1 for message in got if message.status == midi.NOTE_OFF] == list(range(40, 100))


DIES = f"""
import os, time
from daemon.midi.desk import MidiDesk
desk = MidiDesk("jack", [], ["{TO}"], False)
while not desk.is_open("{TO}"):
    desk.turn(lambda ns: ns)
    time.sleep(0.01)
desk.note_on("{TO}", 0, 60, 100)
desk.note_on("{TO}", 0, 67, 100)
time.sleep(0.3)
os.kill(os.getpid(), 9)
"""


def test_when_the_daemon_is_killed_its_notes_end(stage) -> None:
    assert subprocess.run([sys.executable, "-c", DIES], check=False).returncode == -signal.SIGKILL
    notes = [(message.status, message.data1) for message in stage.take(4)]
    assert notes == [(midi.NOTE_ON, 60), (midi.NOTE_ON, 67), (midi.NOTE_OFF, 60), (midi.NOTE_OFF, 67)]


def test_a_port_is_found_by_a_part_of_its_name_only_one_has(stage, seats) -> None:
    other = seats([], [], virtual=True)
    other.hears((VIRTUAL_IN, "open"), (VIRTUAL_OUT, "open"))
    lost = seats([], ["organ", TO])
    lost.until(lambda: len(lost.news) == 2)
    assert [one.state for one in lost.news] == ["missing", "missing"]
    assert "there is no MIDI port 'organ'; there is 'jamd-in:jamd in'" in lost.news[0].error
    assert "':jamd in' could be any of 'jamd-in:jamd in', 'jamd-in-01:jamd in'" in lost.news[1].error
    exact = seats([], ["jamd-in:jamd in"])
    exact.hears(("jamd-in:jamd in", "open"))
    part = seats([], ["IN-01:jamd"])
    part.hears(("IN-01:jamd", "open"))


def test_a_vanished_port_is_opened_again_when_it_is_back(stage, player, seats) -> None:
    player.desk.note_on(TO, 0, 60, 100)
    stage.take(1)
    stage.desk.close()
    player.hears((FROM, "lost"), (FROM, "missing"), (TO, "lost"), (TO, "missing"))
    assert not player.desk.note_off(TO, 0, 60)
    assert player.desk.ledger.sounding() == [Note(TO, 0, 60)]
    again = seats([], [], virtual=True)
    player.hears((FROM, "open"), (TO, "open"))
    assert again.take(1)[0][2:6] == (midi.NOTE_OFF, 0, 60, 0)
    assert player.desk.ledger.sounding() == []


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_midi_process_that_dies_or_hangs_is_replaced(stage, player, blow) -> None:
    player.desk.note_on(TO, 0, 60, 100)
    stage.take(1)
    os.kill(player.desk.pid, blow)
    said = player.hears((FROM, "lost"), (TO, "lost"))
    assert said.startswith("the MIDI process " + ("hung" if blow == signal.SIGSTOP else "was ended by signal 9"))
    assert not player.desk.note_on(TO, 0, 62, 100)
    player.hears((FROM, "open"), (TO, "open"))
    assert stage.take(1)[0][2:6] == (midi.NOTE_OFF, 0, 60, 0)


def test_the_ports_survive_the_death_of_the_server(fresh_jack_server, seats) -> None:
    own = (VIRTUAL_IN, VIRTUAL_OUT)
    stage = seats([], [], virtual=True)
    stage.hears(*((name, "open") for name in own))
    for _ in range(2):
        assert stage.desk.note_on(VIRTUAL_OUT, 0, 60, 100)
        fresh_jack_server.kill()
        assert "JACK server has died" in stage.hears(*((name, "lost") for name in own))
        assert stage.desk.ledger.sounding() == [Note(VIRTUAL_OUT, 0, 60)]
        assert "no JACK server is running" in stage.hears(("", "missing"))
        fresh_jack_server.start()
        stage.hears(("", "open"), *((name, "open") for name in own))
    assert stage.desk.ledger.sounding() == []


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_closing_when_the_server_is_dead_or_hangs_takes_no_time(fresh_jack_server, seats, blow) -> None:
    stage = seats([], [], virtual=True)
    stage.hears((VIRTUAL_IN, "open"), (VIRTUAL_OUT, "open"))
    stage.desk.note_on(VIRTUAL_OUT, 0, 60, 100)
    fresh_jack_server.signal(blow)
    started = time.monotonic()
    stage.desk.close()
    assert time.monotonic() - started < 8.0
    fresh_jack_server.signal(signal.SIGCONT)


def test_a_daemon_that_does_not_read_is_not_waited_for() -> None:
    here, there = packets.pair()
    told = 0
    while packets.tell(there, link.Alive(told)):
        told += 1
        assert told < 1_000_000
    assert told > 100
    assert here.recv(packets.PACKET)
    here.close()
    assert not packets.tell(there, link.Alive(0))
    there.close()


def test_stamps_are_free_of_the_reading_loops_lateness() -> None:
    random = np.random.default_rng(5)
    true_ns, stamps, before_ns = 10**12, Stamps(10**12), 10**12
    errors = []
    for _ in range(300):
        delta_ns = int(random.integers(2_000_000, 40_000_000))
        true_ns += delta_ns
        first = not errors
        read_ns = true_ns + int(random.integers(0, 1_500_000))
        stamps.empty_at_ns = read_ns - 1_000_000 if read_ns - 1_000_000 < true_ns else true_ns
        at_ns = stamps.stamp(0.0 if first else delta_ns * 1e-9, read_ns)
        assert before_ns <= at_ns <= read_ns
        before_ns = read_ns
        errors.append(abs(at_ns - true_ns))
    assert max(errors[50:]) < 50_000


def test_stamps_recover_from_a_lost_message() -> None:
    stamps = Stamps(0)
    stamps.stamp(0.0, 1_000)
    stamps.empty_at_ns = 500_000_000
    assert 500_000_000 <= stamps.stamp(0.1, 501_000_000) <= 501_000_000


def test_no_server_is_one_clear_line(monkeypatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "jamd-test-nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(api.MidiError, match=r"JACK"):
        JackWatch()
    with pytest.raises(api.MidiError, match=r"^no MIDI: .*JACK server not running.*jackd") as error:
        MidiInput("keys", "jack").open()
    assert "\n" not in str(error.value)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.path.exists(api.SEQUENCER), reason="this machine has ALSA MIDI"
)
def test_no_alsa_sequencer_is_one_clear_line_and_auto_takes_jack() -> None:
    with pytest.raises(api.MidiError, match="modprobe snd-seq"):
        MidiInput("keys", "alsa").open()
    assert api.resolve("auto") == "jack"
