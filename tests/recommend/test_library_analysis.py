"""What is found in a file: tempo, key, loudness, timbre, beats; of a loop, a clip, a groove, a preset; and its tags."""

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from crate import RATE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.flac import FLAC
from mutagen.id3 import ID3, POPM, TBPM, TIT2, TKEY

from daemon.inputs.performance import TEMPO_BPM, Performance
from daemon.library_analysis import analyse
from daemon.recommend.item import N_CURVE, N_TIMBRE, Item
from daemon.recommend.library import energy, pulse
from daemon.recommend.library.found import Found, Task
from daemon.recommend.library.keys import key_of
from daemon.recommend.library.profile import integrated
from daemon.recommend.library.tags import MOST, tags
from daemon.recommend.library.walk import File
from daemon.recommend.recognition.print import unpacked


@pytest.fixture(scope="module")
def band() -> np.ndarray:
    """20 s, float32 of shape (n, 2)."""
    return np.concatenate(list(Performance(20.0).blocks(RATE)), axis=1).T


def _found(path: Path, kind: str = "") -> Found:
    return analyse(Task(File(str(path), 0, 0), kind))


def _item(path: Path, kind: str = "") -> Item:
    found = _found(path, kind)
    assert found.item is not None, found.reason
    return found.item


def test_a_track(tmp_path: Path, band: np.ndarray) -> None:
    soundfile.write(tmp_path / "01. The Band - Blues.wav", band, RATE)
    found = _found(tmp_path / "01. The Band - Blues.wav", "track")
    assert found.item is not None
    item, profile = found.item, found.item.profile
    assert (item.kind, item.artist, item.title) == ("track", "The Band", "Blues")
    assert profile.duration_s == pytest.approx(20.0)
    assert profile.tempo_bpm == pytest.approx(TEMPO_BPM, rel=0.01)
    assert profile.tempo_stability is not None
    assert profile.tempo_stability > 0.9
    assert len(profile.energy_curve) == N_CURVE
    assert len(profile.timbre) == N_TIMBRE
    assert sum(profile.chroma) == pytest.approx(1, abs=1e-4)
    assert 0 < (profile.energy or 0) < 1
    beats = np.frombuffer(found.beats, "<f4")
    assert np.diff(beats) == pytest.approx(60 / TEMPO_BPM, rel=0.1)
    assert beats[0] < 1.2  # before it could be heard live
    assert np.abs(beats[:4] - profile.first_beat_s).min() < 1e-3
    assert len(unpacked(found.landmarks)[0]) > 100


def test_a_gain_moves_the_loudness_and_nothing_of_the_timbre(tmp_path: Path, band: np.ndarray) -> None:
    soundfile.write(tmp_path / "loud.wav", band[: 8 * RATE], RATE, "FLOAT")
    soundfile.write(tmp_path / "soft.wav", band[: 8 * RATE] / 4, RATE, "FLOAT")
    loud, soft = (_item(tmp_path / name, "track").profile for name in ("loud.wav", "soft.wav"))
    assert loud.loudness_lufs is not None
    assert soft.loudness_lufs == pytest.approx(loud.loudness_lufs - 12.04, abs=0.1)
    np.testing.assert_allclose(loud.timbre, soft.timbre, atol=0.05)
    assert soft.energy is not None
    assert loud.energy is not None
    assert soft.energy < loud.energy


def test_a_loop_is_played_round(tmp_path: Path, band: np.ndarray) -> None:
    beat = 60 / TEMPO_BPM
    start = round(8 * beat * RATE)
    soundfile.write(tmp_path / "loop.wav", band[start : start + round(8 * beat * RATE)], RATE)
    found = _found(tmp_path / "loop.wav")
    assert found.item is not None
    assert found.item.kind == "loop"
    assert found.item.profile.duration_s == pytest.approx(8 * beat, abs=1e-3)
    assert found.item.profile.tempo_bpm == pytest.approx(TEMPO_BPM, rel=1e-3)  # whole beats
    assert 7 <= len(np.frombuffer(found.beats, "<f4")) <= 9


def test_silence_and_a_click_are_sounds(tmp_path: Path) -> None:
    click = np.zeros(RATE // 10, np.float32)
    click[50] = 0.9
    for name, sound in (("silence", np.zeros(3 * RATE, np.float32)), ("click", click), ("one", click[:1])):
        soundfile.write(tmp_path / f"{name}.wav", sound, RATE)
        profile = _item(tmp_path / f"{name}.wav").profile
        assert profile.key == -1
        assert profile.tempo_bpm is None
        assert len(profile.energy_curve) == N_CURVE
    assert (profile.energy, profile.loudness_lufs) == (0.0, None)


def test_loudness_is_gated() -> None:
    part = np.full(1000, -20.0, np.float32)
    assert integrated(np.concatenate((part, part - 40)), 0.1) == pytest.approx(-20.0)
    assert integrated(np.concatenate((part, part - 3)), 0.1) == pytest.approx(
        10 * np.log10((0.01 + 0.01 * 10**-0.3) / 2)
    )
    assert integrated(part - 60, 0.1) is None


def test_energy_is_bounded_and_rises_with_each_part() -> None:
    low = energy.energy(np.array(-25.0), np.array(1.0), np.array(500.0))
    for louder in ((-10.0, 1.0, 500.0), (-25.0, 4.0, 500.0), (-25.0, 1.0, 3000.0)):
        assert 0 < low < energy.energy(*map(np.array, louder)) < 1
    assert energy.energy(np.array(0.0), np.array(99.0), np.array(2e4)) == pytest.approx(1)
    assert energy.energy(np.array(-70.0), np.array(99.0), np.array(2e4)) == 0


def test_intro_and_outro() -> None:
    curve = np.concatenate((np.full(20, 0.2), np.full(60, 0.6), np.full(10, 0.1)))
    assert energy.fades(curve) == (10.0, 40.0)
    assert energy.fades(np.zeros(9)) is None


def test_stability_is_the_share_of_beats_within_four_percent() -> None:
    steady, swung = np.arange(50) * 0.5, np.cumsum(np.tile([0.5, 0.5, 0.5, 0.6], 10))
    assert pulse.tempo(steady) == (pytest.approx(120), 1.0)
    tempo, stability = pulse.tempo(swung)
    assert tempo == pytest.approx(120)
    assert stability == pytest.approx(0.75, abs=0.02)
    assert pulse.tempo(steady[:3]) == (None, None)


def test_a_clip_and_a_groove(tmp_path: Path) -> None:
    for name, channel, notes in (
        ("clip", 0, (60, 64, 67, 65, 69, 72, 67, 71, 74, 60)),
        ("groove", 9, (36, 42, 38, 42)),
    ):
        midi, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
        midi.tracks.append(track)
        track.append(mido.MetaMessage("set_tempo", tempo=500_000))
        for note in notes:
            track.append(mido.Message("note_on", channel=channel, note=note, velocity=100))
            track.append(mido.Message("note_off", channel=channel, note=note, time=480))
        midi.save(tmp_path / f"{name}.mid")
        found = _found(tmp_path / f"{name}.mid")
        assert found.item is not None
        profile = found.item.profile
        assert found.item.kind == name
        assert (profile.tempo_bpm, profile.tempo_stability) == (pytest.approx(120), 1.0)
        assert profile.onset_density == pytest.approx(2.0)
        np.testing.assert_allclose(np.frombuffer(found.beats, "<f4"), np.arange(len(notes) + 1) * 0.5, atol=0.01)
        assert profile.key == (0 if name == "clip" else -1)
        assert bool(profile.chroma) == (name == "clip")


def test_jamds_own_presets(tmp_path: Path) -> None:
    for path in sorted((Path(__file__).parents[2] / "presets").glob("*.toml")):
        item = _item(path)
        assert item.kind == "preset"
        assert item.title
    (tmp_path / "other.toml").write_text("[tool]\nx = 1")
    assert "no preset" in _found(tmp_path / "other.toml").reason


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *(("C", 0), ("Am", 21), ("F# minor", 18), ("Bb", 10), ("bbm", 22), ("8B", 0), ("8A", 21), ("12a", 13)),
        *(("1d", 0), ("1m", 21), ("07A", 14), ("Es dur", 3), ("", -1), ("13A", -1), ("o", -1), ("Q minor", -1)),
    ],
)
def test_keys_as_they_are_written(text: str, key: int) -> None:
    assert key_of(text) == key


def test_tags(tmp_path: Path, band: np.ndarray) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, band[: RATE // 10], RATE)
    file = FLAC(path)
    sql = "x'); DROP TABLE items;--"
    file.update(
        title=sql, artist="Björk", genre=["Dub", "House"], date="1999-01-02", bpm="127.5", initialkey="8A", rating="80"
    )
    file.save()
    item = _item(path)
    assert (item.title, item.artist, item.genre, item.year, item.rating) == (sql, "Björk", "Dub; House", 1999, 4)
    assert (item.profile.tempo_bpm, item.profile.key) == (127.5, 21)  # too short to be heard


def test_tags_of_mp3(tmp_path: Path) -> None:
    id3 = ID3()
    for frame in (TIT2(text=["T"]), TBPM(text=["90"]), TKEY(text=["Am"]), POPM(email="x", rating=196)):
        id3.add(frame)
    soundfile.write(tmp_path / "a.mp3", np.zeros(RATE, np.float32), RATE)
    id3.save(tmp_path / "a.mp3")
    item = tags(tmp_path / "a.mp3")
    assert (item.title, item.rating, item.profile.tempo_bpm, item.profile.key) == ("T", 4, 90.0, 21)


def test_enormous_tags_are_cut(tmp_path: Path, band: np.ndarray) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, band[: RATE // 10], RATE)
    file = FLAC(path)
    file.update(
        title="\0\n" + "x" * 1_000_000, artist="a\x1b[31mred\u202e", bpm="1e999", date="MMXX", initialkey="k" * 99
    )
    file.save()
    item = _item(path)
    assert item.title == "x" * MOST
    assert item.artist.isprintable()
    assert (item.year, item.profile.tempo_bpm, item.profile.key) == (None, None, -1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 400),
    junk=st.binary(min_size=1, max_size=60),
    head=st.sampled_from([b"", b"ID3\x03\0\0\x7f\x7f\x7f\x7f"]),
)
def test_broken_tags_say_nothing_and_harm_nothing(tmp_path: Path, at: int, junk: bytes, head: bytes) -> None:
    path = tmp_path / "broken.mp3"
    if not path.exists():
        id3 = ID3()
        id3.add(TIT2(text=["T" * 200]))
        id3.add(POPM(email="x", rating=196))
        id3.save(path)
        (tmp_path / "whole").write_bytes(path.read_bytes())
    whole = (tmp_path / "whole").read_bytes()
    path.write_bytes(head + whole[:at] + junk + whole[at + len(junk) :])
    assert isinstance(tags(path), Item)
