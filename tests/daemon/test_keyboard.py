"""The keyboard: pedals, chords, the key, and that nothing hangs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import messages as m
from daemon.midi import message as midi
from daemon.midi.keyboard import Keyboard, KeySense, chord_of

RATE = 48000


def message(status: int, data1: int, data2: int = 0, channel: int = 0, port: str = "keys") -> midi.MidiMessage:
    return midi.MidiMessage(0, port, status, channel, data1, data2)


def on(note: int, **where) -> midi.MidiMessage:
    return message(midi.NOTE_ON, note, 100, **where)


def off(note: int, **where) -> midi.MidiMessage:
    return message(midi.NOTE_OFF, note, **where)


def control(number: int, value: int, **where) -> midi.MidiMessage:
    return message(midi.CONTROL, number, value, **where)


def played(*messages: midi.MidiMessage) -> Keyboard:
    keyboard = Keyboard(RATE)
    for k, one in enumerate(messages):
        keyboard.feed(one, k * 1000)
    return keyboard


def test_a_note_says_itself_and_what_sounds() -> None:
    keyboard = Keyboard(RATE)
    note, harmony = keyboard.feed(on(60, channel=3), 480)
    assert note == m.MidiNote(
        rate=RATE, sample_time=480, known_at=480, port="keys", channel=3, midi=60, velocity=100, on=True
    )
    assert harmony == m.MidiHarmony(
        rate=RATE, sample_time=480, known_at=480, notes=[60], chord="N", key="", key_confidence=0.0
    )
    again = keyboard.feed(on(60, channel=3), 960)
    assert [type(one) for one in again] == [m.MidiNote], "the harmony did not change"
    assert keyboard.feed(message(midi.PITCH_BEND, 0, 64), 970) == []


def test_the_chord_comes_with_its_last_note() -> None:
    keyboard = Keyboard(RATE)
    found = [keyboard.feed(on(note), 0)[1] for note in (64, 67, 72, 79)]
    assert [harmony.chord for harmony in found] == ["N", "N", "C:maj", "C:maj"]
    assert found[2].bass == 4


@pytest.mark.parametrize(
    ("notes", "name"),
    [
        ((60, 64, 67), "C:maj"),
        ((64, 67, 72), "C:maj"),
        ((57, 60, 64, 69), "A:min"),
        ((55, 59, 62, 65), "G:7"),
        ((55, 59, 65), "G:7"),
        ((60, 64, 71), "C:maj7"),
        ((62, 65, 69, 72), "D:min7"),
        ((60, 63, 66), "C:dim"),
        ((60, 64, 68), "C:aug"),
        ((64, 68, 72), "E:aug"),
        ((60, 65, 67), "C:sus4"),
        ((60, 61, 62), "N"),
        ((60, 67, 72), "N"),
        ((), "N"),
    ],
)
def test_chords(notes: tuple[int, ...], name: str) -> None:
    assert chord_of(notes) == name


def test_the_sustain_pedal_holds_what_is_released() -> None:
    keyboard = played(on(60), control(64, 127), off(60), on(64), off(64), on(67))
    assert keyboard.notes() == [60, 64, 67]
    keyboard.feed(control(64, 63), 9000)
    assert keyboard.notes() == [67]


def test_the_sostenuto_pedal_holds_what_was_pressed_before_it() -> None:
    keyboard = played(on(60), control(66, 127), on(64), off(60), off(64))
    assert keyboard.notes() == [60]
    keyboard.feed(control(66, 0), 9000)
    assert keyboard.notes() == []


def test_all_notes_off_leaves_the_pedals_notes_and_all_sound_off_nothing() -> None:
    keyboard = played(on(60), control(64, 127), control(123, 0))
    assert keyboard.notes() == [60]
    keyboard.feed(control(120, 0), 9000)
    assert keyboard.notes() == []


def test_a_pedal_is_its_own_channels_and_ports() -> None:
    keyboard = played(control(64, 127), on(60), off(60), on(64, channel=1), off(64, channel=1), on(67, port="b"))
    assert keyboard.notes() == [60, 67]


def test_drums_have_no_pitch() -> None:
    assert played(on(36, channel=9)).notes() == []


def test_a_lost_port_ends_its_notes() -> None:
    keyboard = played(control(64, 127), on(60), off(60), on(64), on(48, port="b"))
    found = keyboard.lose("keys", 9000)
    assert [type(one) for one in found] == [m.MidiNote, m.MidiHarmony]
    assert (found[0].midi, found[0].on) == (64, False)
    assert found[1].notes == [48]
    assert keyboard.lose("keys", 9500) == []


SCALES = {"C major": (60, 62, 64, 65, 67, 65, 64, 62, 60), "F# minor": (66, 68, 69, 71, 73, 77, 78, 73, 69, 66)}


@pytest.mark.parametrize("name", SCALES)
def test_the_key_of_a_scale(name: str) -> None:
    sense = KeySense()
    for note in SCALES[name]:
        sense.add([note], 0.2)
    assert sense.name == "", "too early to tell"
    for note in SCALES[name] * 2:
        sense.add([note], 0.2)
    assert sense.name == name
    assert 0.0 < sense.confidence <= 1.0


def test_the_key_follows_a_modulation_and_ignores_rests() -> None:
    keyboard, heard, at = Keyboard(RATE), [], 0
    for transpose in (0, 6):
        for note in SCALES["C major"] * 30:
            heard += keyboard.feed(on(note + transpose), at)
            heard += keyboard.feed(off(note + transpose), at + RATE // 3)
            at += RATE * 2  # mostly rests
    keys = [one.key for one in heard if isinstance(one, m.MidiHarmony)]
    assert keys[0] == ""
    assert "C major" in keys
    assert keys[-1] == "F# major"


def test_a_new_stream_keeps_what_sounds() -> None:
    keyboard = Keyboard(RATE)
    keyboard.feed(on(60), 10 * RATE)
    keyboard.begin(44100)
    note, harmony = keyboard.feed(on(64), 100)
    assert (note.rate, harmony.notes, harmony.key) == (44100, [60, 64], "")


CHANNELS, PORTS = (0, 1, 9), ("a", "b")
ANY = st.builds(
    message,
    st.sampled_from((midi.NOTE_ON, midi.NOTE_OFF, midi.CONTROL, midi.CONTROL, midi.PITCH_BEND)),
    st.one_of(st.sampled_from((60, 64, 66, 67, 120, 121, 123)), st.integers(0, 127)),
    st.sampled_from((0, 63, 64, 127)),
    st.sampled_from(CHANNELS),
    st.sampled_from(PORTS),
)


@given(st.lists(st.tuples(ANY, st.integers(0, 100_000)), max_size=60))
def test_after_all_notes_off_and_pedals_up_nothing_sounds(sequence) -> None:
    keyboard, at, sounding = Keyboard(RATE), 0, []
    ends = [
        control(number, 0, channel=channel, port=port)
        for number in (123, 64, 66)
        for channel in CHANNELS
        for port in PORTS
    ]
    for one, wait in [*sequence, *((end, 0) for end in ends)]:
        at += wait
        for said in keyboard.feed(one, at):
            if isinstance(said, m.MidiHarmony):
                sounding = said.notes
        assert sounding == keyboard.notes(), "what was said last is what sounds"
    assert keyboard.notes() == []
