"""MIDI files: every message on its sample, whatever the tempo did; what is none is refused in one line."""

import contextlib
from pathlib import Path

import mido
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.inputs.midi_file import Event, MidiFile, MidiFileError

RATE = 48000


def written(path: Path, *tracks: list, ticks: int = 480) -> MidiFile:
    """Tracks of (ticks since the one before, message)."""
    midi = mido.MidiFile(ticks_per_beat=ticks, type=1)
    for messages in tracks:
        midi.tracks.append(mido.MidiTrack(message.copy(time=time) for time, message in messages))
    midi.save(path)
    return MidiFile(path)


def on(note: int, velocity: int = 100) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=velocity)


def off(note: int) -> mido.Message:
    return mido.Message("note_off", note=note, velocity=0)


def tempo(bpm: float) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))


def test_messages_fall_on_their_samples(tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.mid",
        [(0, tempo(120)), (480, tempo(60)), (480, tempo(240))],
        [(240, on(60)), (480, off(60)), (480, on(61)), (240, off(61))],
    )
    assert file.events(RATE) == [
        Event(12000, 0x90, 60, 100),
        Event(24000 + 24000, 0x80, 60, 0),
        Event(24000 + 48000 + 3 * 12000 - 30000, 0x90, 61, 100),
        Event(24000 + 48000 + 12000, 0x80, 61, 0),
    ]
    assert file.length(RATE) == 84000
    bpm_at = file.tempo(RATE)
    assert bpm_at(0) == (120.0, 0.0)
    assert bpm_at(23999)[0] == 120.0
    assert bpm_at(24000) == (60.0, 1.0)
    assert bpm_at(48000) == (60.0, 1.5)
    assert bpm_at(72000 + 6000) == (240.0, 2.5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(20, 400)), min_size=1, max_size=20), st.integers(24, 960))
def test_nothing_drifts(tmp_path_factory: pytest.TempPathFactory, steps: list, ticks: int) -> None:
    changes = [item for time, bpm in steps for item in ((time, tempo(bpm)), (0, on(60)), (0, off(60)))]
    file = written(tmp_path_factory.mktemp("midi") / "a.mid", changes, ticks=ticks)
    seconds, us, expected = 0.0, 500_000, []
    for time, bpm in steps:
        seconds += time * us / ticks / 1e6
        us = round(6e7 / bpm)
        expected += [seconds * RATE] * 2
    got = [event.at for event in file.events(RATE)]
    assert got == pytest.approx(expected, abs=0.5001)
    assert got == sorted(got)


def test_what_still_sounds_at_the_end_is_ended(tmp_path: Path) -> None:
    pedal = mido.Message("control_change", control=64, value=127, channel=3)
    file = written(tmp_path / "a.mid", [(0, on(60)), (0, on(62)), (0, pedal), (480, off(60)), (480, on(64, 0))])
    assert file.events(RATE)[-2:] == [Event(48000, 0x80, 62, 0), Event(48000, 0xB3, 64, 0)]


def test_what_is_no_channel_message_is_passed_over(tmp_path: Path) -> None:
    others = [
        (0, mido.Message("sysex", data=[1, 2, 3])),
        (0, mido.MetaMessage("text", text="hello")),
        (0, mido.Message("program_change", program=5)),
        (0, mido.Message("pitchwheel", pitch=8191)),
    ]
    file = written(tmp_path / "a.mid", others)
    assert file.events(RATE) == [Event(0, 0xC0, 5, 0), Event(0, 0xE0, 127, 127)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no such file"),
        (b"", "no MIDI file"),
        (b"to be or not to be" * 9, "no MIDI file"),
        (b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "type 2"),
        (b"MThd\0\0\0\6\0\1\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0", "film frames"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "holds no notes"),
        (b"MThd\0\0\0\6\0\1\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "film frames"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "take 1.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MidiFileError, match=says) as caught:
        MidiFile(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 255))
@example(b"", 66, 89)  # a key that there is not
def test_broken_files_never_crash(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, byte: int) -> None:
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    written(path, [(0, tempo(100)), (10, on(60)), (480, off(60))])
    whole = bytearray(path.read_bytes())
    whole[at % len(whole)] = byte
    for content in (bytes(whole), bytes(whole[: at % len(whole)]) + junk, whole[:14] + junk):
        path.write_bytes(content)
        with contextlib.suppress(MidiFileError):
            MidiFile(path).events(RATE)
