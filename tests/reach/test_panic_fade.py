"""A panic in the callback, by hand: the fade to the sample and the bit, the ends of all notes, and what is taken back."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.engine import offline
from daemon.engine.midi_ring import MidiRings
from daemon.engine.state import FADE_S, QUIET_S
from daemon.pulse import Pulse
from daemon.rack.isolation.chains import AVAILABLE
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack
from dsp.block import EVERY_PORT, FIRST_NAMED_PORT, GENERATOR_PORT, JACK_PORT

RATE = 48000
FADE, QUIET = round(FADE_S * RATE), round(QUIET_S * RATE)
AT = 4800
PATIENT = 48.0  # Hz: at this rate a block's time is so long that none of an isolated chain's is missed
SINE = (0.5 * np.sin(2 * np.pi * 440 / RATE * np.arange(RATE))).astype(np.float32)
ENDS = [(0xB0 | channel, controller) for channel in range(16) for controller in (64, 120, 123)]


def engine() -> offline.Engine:
    made = offline.Engine(RATE, 1, [])
    made.state["dry"] = 1.0
    return made


def played(sizes: list[int], panics: tuple[int, ...]) -> np.ndarray:
    """The output for SINE in blocks of these sizes, over and over, with panics asked for at these samples."""
    made, out, start, k = engine(), [], 0, 0
    while start < len(SINE):
        made.state["panics"][0, 0] += start in panics
        later = [at for at in panics if at > start]
        n = min(sizes[k % len(sizes)], len(SINE) - start, *(at - start for at in later))
        made.process(SINE[None, start : start + n])
        out.append(made.state["output"][0, 0, :n].copy())
        start, k = start + n, k + 1
    return np.concatenate(out)


@settings(max_examples=25, deadline=None)
@given(some.lists(some.integers(1, 4000), min_size=1, max_size=6))
def test_the_fade_is_the_same_whatever_the_blocks(sizes: list[int]) -> None:
    assert np.array_equal(played(sizes, (AT,)), played([64], (AT,)))


def test_sound_is_away_within_ten_milliseconds_and_back_by_itself() -> None:
    out = played([64], (AT,))
    back = AT + FADE + QUIET
    assert np.array_equal(out[:AT], SINE[:AT]), "not a bit of what was before is touched"
    assert not out[AT + FADE : back].any()
    assert np.array_equal(out[back + FADE :], SINE[back + FADE :])
    gain = out[AT : AT + FADE][SINE[AT : AT + FADE] != 0] / SINE[AT : AT + FADE][SINE[AT : AT + FADE] != 0]
    assert (np.diff(gain) < 1e-6).all(), "it only falls"
    steepest = 1.5 / FADE  # of the curve
    assert np.abs(np.diff(out)).max() <= np.abs(np.diff(SINE)).max() + 0.5 * steepest, "no step beyond the curve's own"


def test_a_panic_in_a_panic_goes_on_from_where_the_sound_is() -> None:
    again = AT + FADE + QUIET + FADE // 2  # half back
    out = played([64], (AT, AT + 100, again))
    assert not out[again + FADE : again + QUIET].any()
    assert np.abs(np.diff(out)).max() <= np.abs(np.diff(SINE)).max() + 0.5 * 1.5 / FADE


def test_a_hush_lasts() -> None:
    made = engine()
    made.process(SINE[None, :1024])
    made.state["hush"][0, 0] = 1
    made.process(SINE[None, 1024:2048])
    for start in range(2048, RATE - 4096, 4096):
        made.process(SINE[None, start : start + 4096])
        assert not made.state["output"][0, 0, :4096].any()


class Slotted:
    """An engine with a rack; its MIDI."""

    def __init__(self, *chains: Chain) -> None:
        self.engine, self.rack = offline.Engine(RATE, 1, []), Rack(RATE)
        self.state = self.engine.state
        self.state["rack"], self.state["wet"] = self.rack.native, 1.0
        self.rings = MidiRings(self.state)
        assert not self.rack.carry_out(Order(1, Document(list(chains)), ports=["keys"])).failed

    def play(self, seconds: float) -> float:
        """How loud the loudest sample was."""
        peak = 0.0
        for _ in range(round(seconds * RATE / 256)):
            self.engine.process(np.zeros((1, 256), np.float32))
            peak = max(peak, float(np.abs(self.state["output"][0, :, :256]).max()))
        return peak

    def panic(self) -> None:
        self.state["panics"][0, 0] += 1


@pytest.fixture
def slotted():
    made: list[Slotted] = []

    def make(*chains: Chain) -> Slotted:
        made.append(Slotted(*chains))
        return made[-1]

    yield make
    for one in made:
        one.rack.close()


TAILS = {
    "lv2:urn:zamaudio:ZamDelay": "feedb",
    "clap:com.zamaudio.ZamDelay": "7",
    "vst3:/usr/lib/vst3/ZamDelay.vst3#ZamDelay": "10",
    "lv2:urn:dragonfly:plate": "decay",
}
"""Plugins that sound on, and the parameter by which they do so for long."""


def rung_out(stage: Slotted, seconds: float, pace_s: float = 0.0) -> float:
    """How loud it is, while the rack has its turns as in the engine; `pace_s`: and others' main threads theirs."""
    peak = 0.0
    for _ in range(round(seconds * 50)):
        stage.rack.turn()
        peak = max(peak, stage.play(0.02))
        time.sleep(pace_s)
    return peak


def ringing(slotted, name: str, isolate: bool = False) -> Slotted:
    """A plugin that sounds on."""
    slot = Slot(name, uid=1, params={TAILS[name]: 0.9})
    try:
        stage = slotted(Chain("delay", plugins=[slot], uid=9, isolate=isolate))
    except AssertionError as error:
        pytest.skip(f"{name}: {error}; sudo apt install zam-plugins dragonfly-reverb-lv2".splitlines()[0])
    stage.state["block"]["rate"] = PATIENT
    for amount in (0.0, 0.5):
        noise = amount * np.random.default_rng(0).standard_normal((1, RATE // 4)).astype(np.float32)
        for start in range(0, noise.shape[1], 250):
            stage.engine.process(noise[:, start : start + 250])
    assert rung_out(stage, 0.05) > 1e-3
    return stage


@pytest.mark.skipif(not AVAILABLE, reason="isolation is there on Linux only")
def test_an_isolated_chains_tail_does_not_come_back(slotted) -> None:
    """Its process hears of the panic by its MIDI."""
    stage = ringing(slotted, next(iter(TAILS)), isolate=True)
    stage.panic()
    rung_out(stage, FADE_S + QUIET_S, 0.02)
    assert rung_out(stage, 0.6) < 1e-4
    noise = 0.5 * np.ones((1, 250), np.float32)
    for _ in range(40):
        stage.engine.process(noise)
    assert rung_out(stage, 0.4) > 1e-3, "it still plays there"


@pytest.mark.parametrize("name", TAILS)
def test_a_plugins_tail_does_not_come_back(slotted, name: str) -> None:
    stage = ringing(slotted, name)
    live = stage.rack._slots[1]
    index = live.params[TAILS[name]].index
    before = live.plugin.value(index)
    stage.panic()
    rung_out(stage, FADE_S + QUIET_S)
    assert rung_out(stage, 0.6) < 1e-4
    assert live.plugin.value(index) == before


@pytest.mark.parametrize("port", [GENERATOR_PORT, FIRST_NAMED_PORT])
def test_a_hosted_instruments_notes_end(slotted, port: int) -> None:
    """It listens to one channel of one port; a panic is told to all."""
    name = "generator" if port == GENERATOR_PORT else "keys"
    synth = Slot("jamd:synth", uid=1)
    stage = slotted(Chain("synth", input="none", midi=[name], channel=3, plugins=[synth], uid=9))
    ring = stage.rings.generated if port == GENERATOR_PORT else stage.rings.played
    for note in (60, 64, 67):
        assert ring.put(10, port, 0x90 | 2, note, 100)
    assert stage.play(0.5) > 0.05
    stage.panic()
    stage.play(FADE_S + QUIET_S)
    assert stage.play(0.5) < 1e-6, "what was held is gone when the sound is back"
    assert ring.put(0, port, 0x90 | 2, 60, 100)
    assert stage.play(0.5) > 0.05, "and a new note sounds"


def test_what_waits_in_the_rings_is_taken_back_but_for_the_clock(slotted) -> None:
    stage = slotted()
    soon = 2048
    for status, data in ((0xF8, 0), (0x90, 60), (0xB0, 1), (0xFA, 0)):
        assert stage.rings.sent.put(soon, JACK_PORT, status, data, 100)
    for ring in (stage.rings.generated, stage.rings.played):
        assert ring.put(soon, GENERATOR_PORT, 0x90, 60, 100)
    stage.play(256 / RATE)
    stage.panic()
    stage.play(256 / RATE)
    sent = []
    for _ in range(10):
        stage.play(256 / RATE)
        block = stage.state["block"][0]
        sent += [int(one["status"]) for one in block["midi_out"][: block["n_midi_out"]]]
        assert block["n_midi"] == 0
    assert sent == [0xF8, 0xFA]
    assert stage.rings.sent.put(0, JACK_PORT, 0x90, 60, 100), "what comes later is played"
    stage.play(256 / RATE)
    assert stage.state["block"]["n_midi_out"][0] == 1


def test_every_channel_is_told_and_every_note_ended() -> None:
    """More than one block holds: all 2048 notes sound at the engine's own output."""
    made = engine()
    sounding = made.state["jack_midi"]["sounding"][0]
    sounding[:] = 1
    made.state["panics"][0, 0] += 1
    told: list[tuple[int, int]] = []
    instruments: list[tuple[int, int, int]] = []
    for _ in range(16):
        made.process(np.zeros((1, 64), np.float32))
        block = made.state["block"][0]
        mine = block["midi_out"][: block["n_midi_out"]]
        assert (np.diff(mine["at"]) >= 0).all()
        told += [(int(one["status"]), int(one["data1"])) for one in mine]
        heard = block["midi"][: block["n_midi"]]
        instruments += [(int(one["port"]), int(one["status"]), int(one["data1"])) for one in heard]
    wanted = []
    for channel in range(16):
        wanted += [(0x80 | channel, note) for note in range(128)] + ENDS[3 * channel : 3 * channel + 3]
    assert told == wanted
    assert instruments == [(EVERY_PORT, *end) for end in ENDS]


def test_a_pulse_that_stands_is_seen_once_and_who_was_stopped_himself_sees_nothing() -> None:
    pulse = Pulse(2.0)
    looks = np.arange(0, 10, 0.02)
    assert not any(pulse.look(0, at) for at in looks), "who has never counted is not watched"
    assert not any(pulse.look(int(at * 10), at) for at in looks + 10)
    assert not pulse.look(199, 1000.0), "the whole machine stood still"
    seen = [at for at in looks + 1000 if pulse.look(199, at)]
    assert seen == [pytest.approx(1001.85, abs=0.1)]
    assert pulse.stands
    assert not pulse.look(200, 1010.0)
    assert not pulse.stands
    assert any(pulse.look(200, at) for at in looks + 1010)
