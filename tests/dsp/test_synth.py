"""The built-in synth: its pitches, its edges, its voices, and that a block's length does not matter."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba import njit

from dsp.block import MIDI
from dsp.synth.controls import DEFAULTS
from dsp.synth.kit import PIECE_OF
from dsp.synth.patches import SOUNDS
from dsp.synth.play import hear, ready, sound
from dsp.synth.records import FREE, N_VOICES

RATE = 48000
TONES = SOUNDS[:-1]
SUSTAINED = ("pad", "lead", "bass")
ON, OFF, CONTROL, BEND = 0x90, 0x80, 0xB0, 0xE0


@njit(cache=True)
def _run(synths, left, right, messages, block):
    """The whole, in blocks, each parted where a message is."""
    s, k = synths[0], 0
    for start in range(0, left.size, block):
        at, end = start, min(start + block, left.size)
        while at < end:
            while k < messages.size and messages[k].at <= at:
                hear(s, messages[k])
                k += 1
            stop = min(end, messages[k].at) if k < messages.size else end
            sound(s, left, right, at, stop)
            at = stop


class Player:
    """A synth of one sound."""

    def __init__(self, name: str, rate: float = RATE, **values: float) -> None:
        self.synth = ready(rate)
        self.synth["values"][0] = DEFAULTS
        self.synth["values"][0, 0] = SOUNDS.index(name) / (len(SOUNDS) - 1)
        for index, value in values.items():
            self.synth["values"][0, ("sound", "gain", "cutoff", "attack", "release").index(index)] = value

    def play(self, samples: int, *events: tuple[int, int, int, int], block: int = 64) -> np.ndarray:
        """float32[2, samples] of events (at, status, data1, data2)."""
        out = np.zeros((2, samples), np.float32)
        messages = np.array([(at, 0, *rest, [0, 0, 0]) for at, *rest in sorted(events)], MIDI)
        _run(self.synth, out[0], out[1], messages, block)
        return out

    @property
    def voices(self) -> int:
        """How many sound."""
        return int((self.synth["voices"]["stage"] != FREE).sum())


def hz(note: float) -> float:
    return 440.0 * 2.0 ** ((note - 69.0) / 12.0)


def cents_off(samples: np.ndarray, wanted: float, rate: float = RATE) -> float:
    """How far the power around `wanted` Hz has its middle from there; of two that beat, the middle is what one hears."""
    n = 8 * samples.size
    power = np.abs(np.fft.rfft(samples * np.blackman(samples.size), n)) ** 2
    f = np.fft.rfftfreq(n, 1.0 / rate)
    near = np.abs(f - wanted) < max(0.03 * wanted, 3.0 * rate / samples.size)
    return 1200.0 * float(np.log2(np.dot(power[near], f[near]) / power[near].sum() / wanted))


def centre(out: np.ndarray) -> float:
    """The middle of a spectrum's power, Hz."""
    power = np.abs(np.fft.rfft(out.mean(axis=0))) ** 2
    return float(np.dot(power, np.arange(power.size)) / power.sum() * RATE / out.shape[1])


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("note", [28, 45, 60, 69, 81, 96])
def test_a_note_has_its_pitch(name: str, note: int) -> None:
    out = Player(name).play(RATE, (0, ON, note, 100))
    heard = out.mean(axis=0)[RATE // 50 : RATE // 50 + 18000]  # before the lead sways
    assert abs(cents_off(heard, hz(note))) < 6.0  # a filter that closes bends a low note by so much


@pytest.mark.parametrize("rate", [44100, 96000])
def test_at_any_rate(rate: int) -> None:
    out = Player("keys", rate).play(rate // 2, (0, ON, 69, 100))
    assert abs(cents_off(out[0], 440.0, rate)) < 1.0


def test_the_bend_wheel_and_the_modulation_wheel() -> None:
    for value, semitones in ((0, -2.0), (16383, 2.0), (8192, 0.0)):
        out = Player("keys").play(24000, (0, BEND, value & 127, value >> 7), (0, ON, 69, 100))
        assert abs(cents_off(out[0], hz(69 + semitones))) < 1.0
    still, sways = (Player("keys").play(24000, (0, CONTROL, 1, v), (0, ON, 69, 100)) for v in (0, 127))
    assert np.abs(still - sways).max() > 0.05


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("at", [0, 1, 777])
def test_a_note_begins_at_its_sample_and_without_a_click(name: str, at: int) -> None:
    out = Player(name).play(4800, (at, ON, 38, 127))
    assert np.flatnonzero(np.abs(out).max(axis=0))[0] == at
    if name != "drums":  # which are clicks
        assert np.abs(np.diff(out[:, : at + 24], prepend=np.float32(0))).max() < 0.02


@pytest.mark.parametrize("name", TONES)
def test_silence_after_the_release(name: str) -> None:
    player = Player(name)
    out = player.play(5 * RATE, (0, ON, 60, 100), (9600, OFF, 60, 0))
    assert np.abs(out[:, 9600:10000]).max() > 1e-3
    assert not out[:, -RATE // 10 :].any()
    assert player.voices == 0
    tail = np.abs(np.diff(out[:, 9600:])).max()
    assert tail <= np.abs(np.diff(out[:, :9600])).max() * 1.1  # no edge where it is let go or ends


def test_velocity_is_loudness() -> None:
    for name in SOUNDS:
        loud = [float(np.square(Player(name).play(9600, (0, ON, 38, v))).mean()) for v in (20, 64, 110)]
        assert loud[0] < loud[1] < loud[2]


def test_the_sustain_pedal_holds_and_lets_go() -> None:
    player = Player("lead")
    player.play(4800, (0, CONTROL, 64, 127), (10, ON, 60, 90), (20, OFF, 60, 0), (30, ON, 64, 90))
    assert player.voices == 2
    player.play(RATE)
    assert player.voices == 2
    player.play(RATE, (0, CONTROL, 64, 0))  # the second is still held by its key
    assert player.voices == 1
    player.play(RATE, (0, OFF, 64, 0))
    assert player.voices == 0


@pytest.mark.parametrize(("controller", "seconds"), [(123, 3.0), (120, 0.02)])
def test_all_notes_and_all_sound_off(controller: int, seconds: float) -> None:
    player = Player("pad")
    player.play(9600, *((0, ON, note, 90) for note in range(50, 70)))
    player.play(96, (0, CONTROL | 1, controller, 0))  # of another channel
    assert player.voices == 20
    player.play(int(seconds * RATE) + 32, (0, CONTROL, controller, 0))
    assert player.voices == 0


def test_a_channel_is_not_another() -> None:
    player = Player("lead")
    player.play(4800, (0, ON | 1, 60, 90), (0, ON | 2, 60, 90), (100, OFF | 1, 60, 0))
    player.play(RATE)
    assert player.voices == 1


def test_one_note_too_many_ends_another_without_a_click() -> None:
    """What is missing of the sum of all notes, each by itself, comes in without a step that the note itself had not."""
    notes = [(500 * k, ON, 24 + k, 70) for k in range(N_VOICES + 12)]
    n = 500 * len(notes) + 9600
    alone = [Player("pad", attack=0.0).play(n, note) for note in notes]
    missing = sum(alone) - Player("pad", attack=0.0).play(n, *notes)
    assert not np.abs(missing[:, : notes[N_VOICES][0]]).max() > 1e-5
    assert np.abs(missing[:, -100:]).max() > 0.05
    steps = [float(np.abs(np.diff(one)).max()) for one in alone[:12]]
    assert np.abs(np.diff(missing)).max() < sum(steps)
    first = slice(notes[N_VOICES][0] - 10, notes[N_VOICES][0] + 490)
    assert np.abs(np.diff(missing[:, first])).max() < 1.5 * steps[0]
    player = Player("pad")
    player.play(48000, *((500 * k, ON, 24 + k, 70) for k in range(60)))
    assert player.voices == N_VOICES
    player.play(48000, *((0, ON, note, 70) for note in range(128)))  # all at once
    assert player.voices == N_VOICES


@pytest.mark.parametrize(
    ("name", "below"), [("pad", -60.0), ("lead", -60.0), ("bass", -60.0), ("pluck", -60.0), ("keys", -60.0)]
)
def test_what_is_no_harmonic_is_faint(name: str, below: float) -> None:
    """A high note at its brightest: what lies between its harmonics (and is heard) is what has folded back."""
    note, n = 92, 1 << 15
    player = Player(name, cutoff=1.0)
    out = player.play(2400 + n, (0, ON, note, 127)).mean(axis=0)[2400:]
    window = np.blackman(n)
    power = np.abs(np.fft.rfft(out * window)) ** 2
    f = np.fft.rfftfreq(n, 1.0 / RATE)
    base = hz(note)
    away = np.abs(f - base * np.round(f / base))
    alias = (away > 0.15 * base) & (f > 0.6 * base) & (f < 16000.0)
    assert 10.0 * np.log10(power[alias].max() / power.max()) < below


def test_drums_answer_general_midi() -> None:
    """Each note strikes something, on its own; a kick is low, a hat high; a closed hat ends an open one."""
    heard = {note: Player("drums").play(RATE // 2, (0, ON | 9, note, 110)) for note in np.flatnonzero(PIECE_OF >= 0)}
    assert {35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 53, 55, 57, 59} <= set(heard)
    for out in heard.values():
        assert 0.02 < np.abs(out).max() < 0.9
    assert centre(heard[36]) < 300.0 < centre(heard[38]) < 6000.0 < centre(heard[42])
    assert centre(heard[41]) < centre(heard[45]) < centre(heard[48])
    assert not Player("drums").play(4800, (0, ON, 20, 110)).any()
    open_hat = Player("drums").play(RATE // 2, (0, ON, 46, 110))
    closed = Player("drums").play(RATE // 2, (0, ON, 46, 110), (4800, ON, 42, 1))
    assert np.abs(open_hat[:, 9600:14400]).max() > 10.0 * np.abs(closed[:, 9600:14400]).max()


def test_a_struck_drum_needs_no_end() -> None:
    player = Player("drums")
    once = player.play(8 * RATE, *((0, ON, int(note), 110) for note in np.flatnonzero(PIECE_OF >= 0)))
    assert player.voices == 0
    assert not once[:, -100:].any()
    cut = Player("drums").play(9600, (0, ON, 38, 110), (100, OFF, 38, 0))
    np.testing.assert_array_equal(cut, Player("drums").play(9600, (0, ON, 38, 110)))


def test_parameters_do_what_they_say() -> None:
    plain = Player("bass").play(RATE, (0, ON, 40, 100), (24000, OFF, 40, 0))
    louder = Player("bass", gain=0.875).play(RATE, (0, ON, 40, 100), (24000, OFF, 40, 0))
    np.testing.assert_allclose(louder, 10.0 ** (6.0 / 20.0) * plain, atol=1e-5)
    darker, brighter = (Player("bass", cutoff=value).play(RATE, (0, ON, 40, 100)) for value in (0.3, 0.8))
    assert 1.1 * centre(darker) < centre(plain) < 0.9 * centre(brighter)
    slow = Player("bass", attack=1.0).play(RATE, (0, ON, 40, 100))
    assert np.abs(slow[:, :480]).max() < 0.6 * np.abs(plain[:, :480]).max()
    long = Player("bass", release=0.9).play(RATE, (0, ON, 40, 100), (24000, OFF, 40, 0))
    assert np.square(long[:, 30000:]).mean() > 4.0 * np.square(plain[:, 30000:]).mean()


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3999),
        st.sampled_from([ON, ON, ON, OFF, CONTROL, BEND, 0xA0, 0xC0, 0xD0, ON | 9, OFF | 9]),
        st.integers(0, 127),
        st.integers(0, 127),
    ),
    max_size=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sound=st.sampled_from(SOUNDS), events=EVENTS, block=st.sampled_from([1, 7, 16, 61, 480, 4000]))
def test_whatever_the_block_the_same_samples(sound: str, events: list, block: int) -> None:
    events = sorted(events)
    whole = Player(sound).play(4000, *events, block=64)
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() < 8.0
    np.testing.assert_array_equal(Player(sound).play(4000, *events, block=block), whole)
