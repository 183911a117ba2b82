"""The MIDI of a block: each message on its sample, whatever the blocks; late and too much are counted, nothing is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.engine import state as st
from daemon.engine.midi_ring import MidiRings
from daemon.engine.offline import Engine
from dsp.block import BLOCK, GENERATOR_PORT, JACK_PORT, MAX_MIDI, MIDI
from dsp.kernel import kernel, record_at, zeros

TAPE = np.dtype(
    [("n", np.int64), ("blocks", np.int64), ("out", MIDI, (MAX_MIDI,)), ("n_out", np.int64), ("got", MIDI, (12000,))]
)


@kernel(BLOCK, TAPE)
def _record(block_pointer, tape_pointer):
    """Stands in the plugin slot: keeps the MIDI it is given, and plays its own."""
    block, tape = record_at(block_pointer, 1)[0], record_at(tape_pointer, 1)[0]
    midi, got, out, own = block.midi, tape.got, block.midi_out, tape.out
    for k in range(block.n_midi):
        got[tape.n] = midi[k]
        got[tape.n].at = midi[k].at + block.sample_time
        tape.n += 1
    for k in range(tape.n_out):
        out[k] = own[k]
    block.n_midi_out = tape.n_out
    tape.blocks += 1


class Stage:
    """An engine without analysers whose plugin slot holds the tape."""

    def __init__(self) -> None:
        self.engine, self.tape = Engine(48000, 1, []), zeros(TAPE)
        self.state = self.engine.state
        self.state["rack"] = _record.address, self.tape.ctypes.data
        self.rings = MidiRings(self.state)

    def play(self, *sizes: int) -> None:
        for n in sizes:
            self.engine.process(np.zeros((1, n), np.float32))

    @property
    def got(self) -> list[tuple[int, int, int]]:
        """(at, port, data1) of what the slot was given."""
        return [(at, port, data1) for at, port, _, data1, *_ in self.tape["got"][0][: int(self.tape["n"][0])].tolist()]

    def direct(self, *messages: tuple[int, int]) -> None:
        """What the driver found at its own MIDI input in the next block: (at, data1)."""
        for k, (at, note) in enumerate(messages):
            self.state["direct"][0, k] = (at, JACK_PORT, 0x90, note, 100, 0)
        self.state["n_direct"] = len(messages)


MESSAGES = some.lists(some.tuples(some.integers(0, 3000), some.sampled_from(["played", "generated"])), max_size=60)
SIZES = some.lists(some.integers(1, 700), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(MESSAGES, SIZES)
def test_any_chopping_gives_the_same_messages_at_the_same_samples(messages, sizes) -> None:
    stage = Stage()
    messages.sort(key=lambda message: message[0])
    for k, (at, name) in enumerate(messages):
        assert getattr(stage.rings, name).put(at, len(name), 0x90, k % 128, 100)
    while int(stage.state["sample_time"][0]) <= 3000:
        stage.play(*sizes)
    wanted = [(at, len(name), k % 128) for k, (at, name) in enumerate(messages)]
    assert stage.got == sorted(wanted, key=lambda message: (message[0], message[1] != len("played")))
    assert int(stage.state["late_midi"][0]) == 0


def test_what_comes_from_everywhere_is_sorted_and_the_drivers_own_comes_first() -> None:
    stage = Stage()
    stage.play(64)
    stage.direct((5, 1), (5, 2), (60, 3))
    stage.rings.played.put(64 + 5, 2, 0x90, 4, 100)
    stage.rings.played.put(64 + 63, 2, 0x90, 5, 100)
    stage.rings.played.put(64 + 64, 2, 0x90, 6, 100)
    stage.rings.generated.put(64, GENERATOR_PORT, 0x90, 7, 100)
    stage.play(64)
    assert stage.got == [(64, 1, 7), (69, 0, 1), (69, 0, 2), (69, 2, 4), (124, 0, 3), (127, 2, 5)]
    stage.play(64)
    assert stage.got[6:] == [(128, 2, 6)]
    assert [(h.sample_time, h.data1) for h in stage.rings.heard()] == [(69, 1), (69, 2), (124, 3)]
    assert stage.rings.heard() == []


def test_what_comes_late_is_played_at_once_and_counted() -> None:
    stage = Stage()
    stage.play(256)
    stage.rings.played.put(10, 2, 0x80, 60, 0)
    stage.rings.played.put(300, 2, 0x80, 61, 0)
    stage.play(64)
    assert stage.got == [(256, 2, 60), (300, 2, 61)]
    assert int(stage.state["late_midi"][0]) == 1


def test_what_is_too_much_for_a_block_stays_for_the_next() -> None:
    stage = Stage()
    for k in range(MAX_MIDI + 88):
        assert stage.rings.played.put(3, 2, 0x90, k % 128, 100)
    stage.rings.generated.put(3, GENERATOR_PORT, 0x90, 1, 100)
    stage.direct((0, 9))
    stage.play(64)
    assert len(stage.got) == MAX_MIDI
    stage.play(64)
    assert len(stage.got) == MAX_MIDI + 90
    notes = [note for _, port, note in stage.got if port == 2]
    assert notes == [k % 128 for k in range(MAX_MIDI + 88)], "in their order"
    assert [at for at, port, _ in stage.got if port == 2][-89:] == [64] * 89


def test_a_full_ring_refuses_and_a_sample_never_falls() -> None:
    stage = Stage()
    ring = stage.rings.played
    assert ring.put(50, 2, 0x90, 1, 1)
    assert ring.put(40, 2, 0x90, 2, 1)
    stage.play(64)
    assert stage.got == [(50, 2, 1), (50, 2, 2)]
    for _ in range(st.N_MIDI):
        assert ring.put(10**9, 2, 0x90, 1, 1)
    assert ring.room == 0
    assert not ring.put(10**9, 2, 0x90, 1, 1)


def test_what_is_sent_leaves_among_what_the_plugins_play() -> None:
    stage = Stage()
    stage.tape["n_out"] = 2
    stage.tape["out"][0, 0], stage.tape["out"][0, 1] = (10, 0, 0x90, 1, 1, 0), (40, 0, 0x90, 2, 1, 0)
    for at in (5, 40, 63, 64):
        stage.rings.sent.put(at, 0, 0x90, 100, 1)
    stage.play(64)
    block = stage.state["block"][0]
    out = [(at, note) for at, _, _, note, *_ in block["midi_out"][: block["n_midi_out"]].tolist()]
    assert out == [(5, 100), (10, 1), (40, 2), (40, 100), (63, 100)]


def test_heard_that_was_not_read_in_time_is_counted() -> None:
    stage = Stage()
    for _ in range(20):
        stage.direct(*((0, k % 128) for k in range(MAX_MIDI)))
        stage.play(64)
    found = stage.rings.heard()
    assert len(found) + stage.rings.lost == 20 * MAX_MIDI
    assert len(found) == st.N_MIDI - MAX_MIDI
    assert found[-1].sample_time == 19 * 64


@pytest.mark.parametrize("name", ["played", "generated"])
def test_a_ring_goes_round(name: str) -> None:
    stage = Stage()
    ring = getattr(stage.rings, name)
    for k in range(st.N_MIDI + 100):
        assert ring.put(k, 2, 0x90, k % 128, 100)
        stage.play(1)
    assert [at for at, *_ in stage.got] == list(range(st.N_MIDI + 100))
