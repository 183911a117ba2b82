"""Notes on their sample through a real engine record: what hands play, what jamd plays, and that nothing hangs."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.engine import state as st
from daemon.engine.midi_ring import MidiRings
from daemon.engine.offline import Engine, load
from daemon.midi.desk import MidiDesk, Phrased
from daemon.midi.ledger import Note
from daemon.midi.message import CONTROL, NOTE_OFF, NOTE_ON, SUSTAIN, MidiMessage
from dsp.block import FIRST_NAMED_PORT, GENERATOR_PORT

RATE, BLOCK = 48000, 256

SEATS: list["Seat"] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while SEATS:
        seat = SEATS.pop()
        seat.desk.end(0)
        seat.desk.close()


class Seat:
    """A desk without a MIDI process, and an engine that this process runs."""

    def __init__(self) -> None:
        self.engine = Engine(RATE, 1, [])
        self.state = self.engine.state
        self.state["block_size"] = BLOCK
        self.desk = MidiDesk("off", ["organ"], [], False, MidiRings(self.state))
        self.out: list[tuple[int, int, int]] = []  # (sample, status, note) that left by the engine's own port
        self.desk.begin(RATE, "jack")
        SEATS.append(self)

    def restart(self) -> None:
        """The engine's process died, and the next one starts as all do."""
        self.desk.end(int(self.state["sample_time"][0]))
        assert not self.desk.is_open("jack")
        assert not self.desk.note_on("jack", 0, 70, 100)
        self.state.view(np.uint8)[:] = 0
        st.prepare(self.state, RATE, 1, BLOCK)
        self.engine.kept = load(self.state, [])
        self.desk.begin(RATE, "jack")

    def play(self, samples: int = BLOCK) -> list[tuple[int, int, int]]:
        """Let the stream go on; gives what has left in it."""
        start = len(self.out)
        for _ in range(0, samples, BLOCK):
            self.desk.turn(lambda ns: 0)
            now = int(self.state["sample_time"][0])
            self.engine.process(np.zeros((1, BLOCK), np.float32))
            block, sounding = self.state["block"][0], self.state["jack_midi"]["sounding"][0]
            for at, _, status, note, *_ in block["midi_out"][: block["n_midi_out"]].tolist():
                self.out.append((now + at, status, note))
                sounding[status & 0x0F, note] = status & 0xF0 == NOTE_ON  # as JACK's callback does
        return self.out[start:]

    def ring(self, name: str) -> list[tuple[int, int, int, int, int]]:
        """What was ever put into a ring: (at, port, status, data1, data2)."""
        ring = self.state[name][0]
        return [entry[:5] for entry in ring["entries"][: ring["written"]].tolist()]


NOTES = some.builds(
    lambda channel, note, at, length: Phrased(channel, note, 100, at, at + length),
    some.integers(0, 1),
    some.integers(60, 63),
    some.integers(1000, 30000),
    some.integers(1, 20000),
)


@settings(max_examples=40, deadline=None)
@given(some.lists(NOTES, max_size=30))
def test_a_phrase_in_any_order_leaves_on_its_samples_and_ends(phrase: list[Phrased]) -> None:
    seat = Seat()
    assert seat.desk.play(phrase, "jack")
    left = seat.play(60_000)
    assert [at for at, *_ in left] == sorted(at for at, *_ in left)
    assert {(at, NOTE_ON | channel, note) for channel, note, _, at, _ in phrase} == {
        one for one in left if one[1] & 0xF0 == NOTE_ON
    }
    ends = {(channel, note, until) for channel, note, _, _, until in phrase}
    sounding: set[tuple[int, int]] = set()
    for at, status, note in left:  # a strict receiver
        key = status & 0x0F, note
        if status & 0xF0 == NOTE_ON:
            assert key not in sounding
            sounding.add(key)
        else:
            sounding.remove(key)
            assert (*key, at) in ends or (at, status ^ 0x10, note) in left, "at its end, or struck again"
    assert sounding == set()
    assert seat.desk.ledger.sounding() == []


def test_without_a_sample_a_note_leaves_with_the_next_block_but_one() -> None:
    seat = Seat()
    seat.play(4 * BLOCK)
    assert seat.desk.note_on("jack", 3, 60, 100)
    assert seat.play(2 * BLOCK) == [(5 * BLOCK, NOTE_ON | 3, 60)]


def test_what_the_generator_plays_goes_to_the_hosted_instruments() -> None:
    seat = Seat()
    assert seat.desk.play([Phrased(0, 60, 100, 1000, 20000)])
    seat.play(4 * BLOCK)
    assert seat.desk.ledger.sounding() == [Note("generator", 0, 60)]
    seat.play(21_000)
    assert seat.ring("generated") == [
        (1000, GENERATOR_PORT, NOTE_ON, 60, 100),
        (20000, GENERATOR_PORT, NOTE_OFF, 60, 0),
    ]
    assert seat.desk.ledger.sounding() == []


def test_panic_takes_back_what_has_not_left_and_ends_the_rest() -> None:
    seat = Seat()
    seat.desk.play([Phrased(0, 60, 100, 1000, 40000), Phrased(0, 64, 100, 20000, 40000)], "jack")
    seat.play(4096)
    seat.desk.panic("jack")
    assert [one[1:] for one in seat.play(60_000)] == [(NOTE_OFF, 60)]


def test_more_than_the_ring_holds_waits_and_is_not_lost() -> None:
    seat = Seat()
    for k in range(st.N_MIDI + 500):
        assert seat.desk.send("jack", CONTROL, 1, k % 128, at=2000)
    seat.play(40 * BLOCK)
    assert len(seat.out) == st.N_MIDI + 500


def test_what_sounded_when_the_engine_ended_is_ended_when_its_port_is_heard_again() -> None:
    seat = Seat()
    seat.desk.play(
        [Phrased(0, 60, 100, 500, 10**6), Phrased(1, 64, 100, 600, 10**6), Phrased(0, 67, 100, 10**5, 10**6)], "jack"
    )
    seat.play(2048)
    seat.restart()
    assert seat.desk.ledger.sounding() == []
    assert seat.play(RATE) == [], "nobody hears the port yet"
    synth, wall = ["midi_out", "synth:in"], ["midi_out", "wall:in"]
    seat.desk.connected([synth, wall], [wall])
    seat.desk.note_on("jack", 1, 64, 90)
    assert [one[1:] for one in seat.play(RATE)] == [(NOTE_ON | 1, 64), (NOTE_OFF, 60)], "not what was struck again"
    seat.desk.connected([synth, wall], [wall])
    assert seat.play(RATE) == []
    seat.desk.connected([synth, wall], [])
    assert [one[1:] for one in seat.play(RATE)] == [(NOTE_OFF, 60)], "for the other one, now that it is here"
    seat.desk.connected([synth, wall, ["midi_out", "new:in"]], [])
    assert seat.play(RATE) == []


def test_hands_go_through_at_a_constant_delay_with_their_ports_number() -> None:
    seat = Seat()
    through = seat.desk._engine.through  # type: ignore[union-attr]
    through.feed(MidiMessage(0, "organ", NOTE_ON, 3, 60, 100), 1000)
    through.feed(MidiMessage(0, "jamd in", CONTROL, 0, SUSTAIN, 127), 1200)
    through.feed(MidiMessage(0, "organ", 0xF8, -1, 0, 0), 1300)
    through.feed(MidiMessage(0, "organ", NOTE_OFF, 3, 60, 0), 1100)
    delay = BLOCK + round(0.004 * RATE)
    organ, own = FIRST_NAMED_PORT, FIRST_NAMED_PORT + 1
    assert seat.desk.ports == ["organ", "jamd in"]
    assert (seat.desk.port_index("organ"), seat.desk.port_index("jamd in")) == (organ, own)
    assert seat.ring("played") == [
        (1000 + delay, organ, NOTE_ON | 3, 60, 100),
        (1200 + delay, own, CONTROL, SUSTAIN, 127),
        (1200 + delay, organ, NOTE_OFF | 3, 60, 0),  # never before the last one
    ]


def test_a_lost_ports_keys_and_pedals_are_let_go() -> None:
    seat = Seat()
    through = seat.desk._engine.through  # type: ignore[union-attr]
    for message in (
        MidiMessage(0, "organ", NOTE_ON, 0, 60, 100),
        MidiMessage(0, "organ", NOTE_ON, 0, 61, 100),
        MidiMessage(0, "organ", NOTE_OFF, 0, 60, 0),
        MidiMessage(0, "organ", CONTROL, 1, SUSTAIN, 127),
        MidiMessage(0, "jamd in", NOTE_ON, 0, 62, 100),
    ):
        through.feed(message, 0)
    through.lose("organ", 5000)
    assert [entry[2:] for entry in seat.ring("played")[5:]] == [(NOTE_OFF, 61, 0), (CONTROL | 1, SUSTAIN, 0)]
    through.lose("organ", 6000)
    assert len(seat.ring("played")) == 7


def test_no_engine_is_no_reason_to_keep_what_is_played() -> None:
    seat = Seat()
    through = seat.desk._engine.through  # type: ignore[union-attr]
    seat.desk.end(0)
    through.feed(MidiMessage(0, "organ", NOTE_ON, 0, 60, 100), 1000)
    assert seat.ring("played") == []
    assert seat.desk.lost == 0
