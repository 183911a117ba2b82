"""MIDI in and out through a real JACK server: loopback, names, and what happens when ports or the server go."""

import os
import sys
import time

import numpy as np
import pytest

from daemon import midi, midi_api
from daemon.inputs.midi_ports import QUEUE, Arrivals, MidiInput, Stamps
from daemon.jack_watch import JackWatch
from daemon.ledger import Ledger, Note
from daemon.midi_api import MidiError
from daemon.outputs.midi_out import MidiOutput
from daemon.patchbay import Patchbay


class Wire:
    """An output of jamd's played into a virtual input of jamd's."""

    def __init__(self) -> None:
        self.wakes = 0
        self.ledger = Ledger()
        self.arrivals = Arrivals(self._wake)
        self.input = MidiInput("keys", self.arrivals, "jack", virtual=True)
        self.output = MidiOutput("jamd-in:keys", self.ledger, "jack")

    def _wake(self) -> None:
        self.wakes += 1

    def open(self) -> None:
        self.input.open()
        self.output.open()

    def close(self) -> None:
        self.output.close()
        self.input.close()
        self.arrivals.close()

    def take(self, count: int) -> list[midi.MidiMessage]:
        ends_at, got = time.monotonic() + 2.0, []
        while len(got) < count:
            assert time.monotonic() < ends_at, f"{len(got)} of {count} messages came"
            got += self.arrivals.take()
            time.sleep(0.002)
        return got


@pytest.fixture
def wire(jack_server):
    wire = Wire()
    wire.open()
    yield wire
    wire.close()


def test_what_is_sent_comes_in_stamped(wire):
    before = time.monotonic_ns()
    assert wire.output.note_on(2, 60, 100)
    assert wire.output.send(midi.CONTROL | 2, midi.SUSTAIN, 127)
    assert wire.output.send(midi.CLOCK)
    assert wire.output.note_off(2, 60)
    got = wire.take(4)
    assert [message[1:] for message in got] == [
        ("keys", midi.NOTE_ON, 2, 60, 100),
        ("keys", midi.CONTROL, 2, 64, 127),
        ("keys", midi.CLOCK, -1, 0, 0),
        ("keys", midi.NOTE_OFF, 2, 60, 0),
    ]
    assert all(before < message.monotonic_ns < time.monotonic_ns() for message in got)
    assert 1 <= wire.wakes <= 4


def test_a_note_struck_again_is_ended_first(wire):
    wire.output.note_on(0, 60, 100)
    wire.output.note_on(0, 60, 90)
    wire.output.note_off(0, 60)
    wire.output.note_off(0, 60)
    wire.output.note_off(0, 60)
    wire.output.send(midi.START)
    assert [message.status for message in wire.take(5)] == [
        midi.NOTE_ON,
        midi.NOTE_OFF,
        midi.NOTE_ON,
        midi.NOTE_OFF,
        midi.START,
    ]


def test_close_ends_every_note_first(wire):
    for note in range(40, 100):
        wire.output.note_on(0, note, 100)
    wire.output.close()
    got = wire.take(120)
    assert [message.data1 for message in got if message.status == midi.NOTE_OFF] == list(range(40, 100))
    assert wire.ledger.sounding() == []
    assert not wire.output.note_on(0, 60, 100)
    wire.output.close()


def test_a_port_is_found_by_a_part_of_its_name_only_one_has(wire):
    other = MidiInput("keys 2", wire.arrivals, "jack", virtual=True)
    other.open()
    try:
        exact = MidiOutput("jamd-in:keys", wire.ledger, "jack")
        exact.open()
        exact.close()
        with pytest.raises(MidiError, match=r"'keys' could be any of 'jamd-in:keys', 'jamd-in-01:keys 2'"):
            MidiOutput("keys", wire.ledger, "jack").open()
        with pytest.raises(MidiError, match=r"no MIDI port 'organ'; there is 'jamd-in:keys', 'jamd-in-01:keys 2'"):
            MidiOutput("organ", wire.ledger, "jack").open()
        part = MidiOutput("KEYS 2", wire.ledger, "jack")
        part.open()
        part.close()
    finally:
        other.close()


def test_a_virtual_output_is_heard_by_who_listens_to_it(jack_server):
    arrivals = Arrivals(lambda: None)
    output = MidiOutput("jam", Ledger(), "jack", virtual=True)
    listener = MidiInput("jamd-out:jam", arrivals, "jack")
    output.open()
    listener.open()
    output.note_on(0, 64, 1)
    ends_at = time.monotonic() + 5.0
    while not (got := arrivals.take()) and time.monotonic() < ends_at:
        time.sleep(0.002)
    assert got[0].data1 == 64
    output.close()
    assert not listener.is_there()
    listener.close()
    arrivals.close()


def test_a_lost_port_still_owes_its_note_offs(wire):
    wire.output.note_on(0, 60, 100)
    wire.output.lose()
    assert not wire.output.note_off(0, 60)
    assert wire.ledger.sounding() == [Note("jamd-in:keys", 0, 60)]
    wire.output.reopen()
    assert [message.status for message in wire.take(2)] == [midi.NOTE_ON, midi.NOTE_OFF]
    assert wire.ledger.sounding() == []


def test_a_full_queue_loses_the_newest_and_counts_them():
    arrivals = Arrivals(lambda: None)
    arrivals.put([midi.MidiMessage(n, "p", midi.CLOCK, -1, 0, 0) for n in range(QUEUE + 3)])
    assert [message.monotonic_ns for message in arrivals.take()] == list(range(QUEUE))
    assert arrivals.lost == 3
    arrivals.close()


def test_stamps_are_free_of_the_reading_threads_lateness():
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


def test_stamps_recover_from_a_lost_message():
    stamps = Stamps(0)
    stamps.stamp(0.0, 1_000)
    stamps.empty_at_ns = 500_000_000
    assert 500_000_000 <= stamps.stamp(0.1, 501_000_000) <= 501_000_000


def test_a_vanished_port_is_opened_again_when_it_is_back(jack_server):
    wire = Wire()
    wire.input.open()
    bay = Patchbay([wire.output], JackWatch)
    assert [news.state for news in bay.poll(0.0)] == ["open"]
    wire.output.note_on(0, 60, 100)
    wire.take(1)
    wire.input.close()
    assert [news.state for news in bay.poll(1.0)] == ["lost", "missing"]
    assert bay.poll(2.0) == []
    wire.input.open()
    assert [news.state for news in bay.poll(3.0)] == ["open"]
    assert wire.take(1)[0][2:] == (midi.NOTE_OFF, 0, 60, 0)
    bay.close()
    wire.input.close()


def test_the_ports_survive_the_death_of_the_server(fresh_jack_server):
    wire = Wire()
    bay = Patchbay([wire.input, wire.output], JackWatch)
    for round_ in range(2):
        assert [news.state for news in bay.poll(round_ * 10.0 + 0.0)] == ["open", "open"]
        if round_:
            assert wire.take(1)[0].status == midi.NOTE_OFF
        wire.output.note_on(0, 60, 100)
        assert wire.take(1)[0].status == midi.NOTE_ON
        fresh_jack_server.kill()
        started, news = time.monotonic(), []
        while not news:
            news = bay.poll(round_ * 10.0 + 0.5)
            assert time.monotonic() < started + 5.0
        assert [(found.port, found.state) for found in news] == [("keys", "lost"), ("jamd-in:keys", "lost")]
        assert [news.state for news in bay.poll(round_ * 10.0 + 2.0)] == ["missing"]
        assert wire.ledger.sounding() == [Note("jamd-in:keys", 0, 60)]
        fresh_jack_server.start()
    bay.poll(20.0)
    bay.close()
    assert wire.ledger.sounding() == []


def test_closing_after_the_server_died_does_not_hang(fresh_jack_server):
    wire = Wire()
    bay = Patchbay([wire.input, wire.output], JackWatch)
    bay.poll(0.0)
    wire.output.note_on(0, 60, 100)
    fresh_jack_server.kill()
    started = time.monotonic()
    bay.close()
    assert time.monotonic() - started < 3.0


def test_no_server_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "jamd-test-nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(MidiError, match=r"JACK"):
        JackWatch()
    with pytest.raises(MidiError, match=r"^no MIDI: .*JACK server not running.*jackd") as error:
        MidiInput("keys", Arrivals(lambda: None), "jack").open()
    assert "\n" not in str(error.value)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.path.exists(midi_api.SEQUENCER), reason="this machine has ALSA MIDI"
)
def test_no_alsa_sequencer_is_one_clear_line_and_auto_takes_jack():
    with pytest.raises(MidiError, match="modprobe snd-seq"):
        MidiInput("keys", Arrivals(lambda: None), "alsa").open()
    assert midi_api.resolve("auto") == "jack"
