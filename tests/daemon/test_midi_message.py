"""Bytes to messages: running status, system exclusive, real-time bytes in between, and nonsense."""

from hypothesis import given
from hypothesis import strategies as some

from daemon.midi import message as midi
from daemon.midi.message import Decoder


def heard(*data: int) -> list[tuple[int, int, int, int]]:
    return [message[2:6] for message in Decoder("p").feed(data, 7)]


def test_every_channel_message():
    assert heard(0x91, 60, 100) == [(midi.NOTE_ON, 1, 60, 100)]
    assert heard(0x8F, 60, 64) == [(midi.NOTE_OFF, 15, 60, 64)]
    assert heard(0xB0, midi.SUSTAIN, 127) == [(midi.CONTROL, 0, 64, 127)]
    assert heard(0xC2, 5) == [(midi.PROGRAM, 2, 5, 0)]
    assert heard(0xD2, 5) == [(midi.PRESSURE, 2, 5, 0)]
    assert heard(0xE0, 0, 64) == [(midi.PITCH_BEND, 0, 0, 64)]


def test_a_message_carries_its_port_and_time():
    assert Decoder("keys").feed([0x90, 60, 1], 123)[0][:2] == (123, "keys")


def test_note_on_without_velocity_is_a_note_off():
    assert heard(0x90, 60, 0) == [(midi.NOTE_OFF, 0, 60, 0)]


def test_running_status_across_packets():
    decoder = Decoder("p")
    assert len(decoder.feed([0x90, 60, 100, 62], 0)) == 1
    assert [message.data1 for message in decoder.feed([90, 64, 80], 1)] == [62, 64]


def test_real_time_bytes_may_come_anywhere():
    assert heard(0x90, midi.CLOCK, 60, midi.STOP, 100) == [
        (midi.CLOCK, -1, 0, 0),
        (midi.STOP, -1, 0, 0),
        (midi.NOTE_ON, 0, 60, 100),
    ]


def test_system_exclusive_and_common_are_passed_over_and_end_running_status():
    assert heard(0xF0, 1, 2, 3, 60, 100, 0xF7, 60, 100) == []
    assert heard(0x90, 60, 1, 0xF1, 2, 60, 100) == [(midi.NOTE_ON, 0, 60, 1)]
    assert heard(0xF0, 1, 0x90, 60, 100) == [(midi.NOTE_ON, 0, 60, 100)]


def test_a_song_position_ends_running_status():
    assert heard(0x90, 60, 1, 0xF2, 1, 2, 60, 100) == [(midi.NOTE_ON, 0, 60, 1), (midi.SONG_POSITION, -1, 1, 2)]
    assert heard(0xF2, 1, midi.CLOCK, 2) == [(midi.CLOCK, -1, 0, 0), (midi.SONG_POSITION, -1, 1, 2)]


@given(some.lists(some.integers(0, 255)), some.integers(0, 50))
def test_any_bytes_in_any_packets_give_the_same_valid_messages(data, cut):
    whole, parts = Decoder("p").feed(data, 0), Decoder("p")
    assert parts.feed(data[:cut], 0) + parts.feed(data[cut:], 0) == whole
    for message in whole:
        assert 0 <= message.data1 < 128
        assert 0 <= message.data2 < 128
        assert message.status >= midi.SYSTEM or (message.status & 0x0F == 0 and 0 <= message.channel < 16)
