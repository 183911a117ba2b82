"""Tracks recognised from a few seconds of them: at other speeds, in noise, mixed, cut anyhow; and nothing else."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.recognition.index import Index
from daemon.recommend.recognition.print import HEAD, MAGIC, PrintError, packed, print_of, unpacked
from daemon.recommend.recognition.recogniser import Recogniser
from dsp import landmarks

RATE = 22050
N = 12
LENGTH_S = 30


def tune(seed: int) -> np.ndarray:
    """Random notes about a beat, with partials and decays."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(LENGTH_S * RATE)
    beat_s = rng.uniform(0.22, 0.4)
    bright = rng.uniform(0.4, 0.9)
    for k in range(int((LENGTH_S - 3) / beat_s)):
        for _ in range(rng.integers(1, 4)):
            n = int(rng.uniform(0.3, 1.2) * RATE)
            t = np.arange(n) / RATE
            hz = 440 * 2 ** ((rng.integers(45, 84) - 69) / 12)
            tone = sum(bright**h * np.sin(2 * np.pi * h * hz * t) for h in range(1, 7) if h * hz < RATE / 2)
            start = int((k * beat_s + rng.uniform(0, 0.12)) * RATE)
            sound[start : start + n] += rng.uniform(0.3, 1.0) * tone * np.exp(-t / 0.25) * np.minimum(t / 0.005, 1)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture(scope="module")
def tunes() -> list[np.ndarray]:
    return [tune(seed) for seed in range(N)]


@pytest.fixture(scope="module")
def prints(tunes) -> list[tuple[int, bytes]]:
    return [(100 + k, print_of(sound, RATE)) for k, sound in enumerate(tunes)]


def part(sound: np.ndarray, start_s: float, length_s: float, speed: float = 1.0) -> np.ndarray:
    """Some of a track, as a fader plays it."""
    cut = sound[int(start_s * RATE) : int((start_s + length_s * speed) * RATE)]
    return cut if speed == 1 else soxr.resample(cut, RATE * speed, RATE)


def noisy(sound: np.ndarray, db: float) -> np.ndarray:
    noise = np.random.default_rng(9).standard_normal(len(sound))
    return (sound + noise * sound.std() / noise.std() * 10 ** (-db / 20)).astype(np.float32)


def last(prints, sound, rate=RATE):
    recogniser = Recogniser(prints, rate)
    recogniser.feed(sound)
    return recogniser.heard


@pytest.mark.parametrize("speed", [0.92, 0.96, 1.0, 1.04, 1.08])
def test_a_track_is_recognised_wherever_the_fader_stands(tunes, prints, speed):
    (heard,) = last(prints, noisy(part(tunes[5], 12, 8, speed), 10))
    assert heard.item == 105
    assert heard.speed == pytest.approx(speed, abs=0.003)
    assert heard.position_s == pytest.approx(12 + 8 * speed, abs=0.1)
    assert not heard.key_lock


def test_noise_as_loud_as_the_music(tunes, prints):
    for k in (0, 3, 9):
        assert [heard.item for heard in last(prints, noisy(part(tunes[k], 10, 10, 0.97), 0))] == [100 + k]


def test_key_lock_is_told_from_the_plain_fader():
    """Notes at the same pitches, 5 % sooner: times alone shrink, as a time-stretcher would have it."""
    found = unpacked(print_of(tune(3), RATE))
    faster = np.zeros(len(found[0]), landmarks.LANDMARK)
    faster["time"], faster["pitch"], faster["strength"] = found[0] / 2 / 1.05, found[1], found[2] / 3
    (heard,) = last([(1, packed(faster))], part(tune(3), 5, 10))
    assert heard.key_lock
    assert heard.speed == pytest.approx(1 / 1.05, abs=0.004)


def test_two_tracks_mixed_are_both_heard_and_then_the_second_alone(tunes, prints):
    recogniser = Recogniser(prints, RATE)
    recogniser.feed(part(tunes[1], 5, 6))
    assert [heard.item for heard in recogniser.heard] == [101]
    recogniser.feed(part(tunes[1], 11, 9) + part(tunes[2], 3, 9, 1.03))
    assert {heard.item for heard in recogniser.heard} == {101, 102}
    assert sum(heard.share for heard in recogniser.heard) == pytest.approx(1)
    assert all(heard.share > 0.2 for heard in recogniser.heard)
    recogniser.feed(part(tunes[2], 12.27, 9, 1.03))
    assert [heard.item for heard in recogniser.heard] == [102]


def test_a_bass_kill_and_another_level_change_nothing(tunes, prints):
    spectrum = np.fft.rfft(part(tunes[7], 10, 8))
    spectrum[np.fft.rfftfreq(8 * RATE, 1 / RATE) < 300] = 0
    for gain in (0.01, 1.0, 100.0):
        assert [h.item for h in last(prints, (gain * np.fft.irfft(spectrum)).astype(np.float32))] == [107]


def test_what_is_not_in_the_library_is_not_recognised(prints):
    for seed in range(500, 504):
        recogniser = Recogniser(prints, RATE)
        sound = tune(seed)
        for start in range(15):
            assert recogniser.feed(part(sound, start, 1)) == []


@pytest.mark.parametrize("sound", ["silence", "nan", "infinite", "noise", "tone", "loud"])
def test_sound_that_is_no_music_is_not_recognised(prints, tunes, sound):
    n = 8 * RATE
    noise = np.random.default_rng(2).standard_normal(n).astype(np.float32)
    sounds = {
        "silence": np.zeros(n, np.float32),
        "nan": np.full(n, np.nan, np.float32),
        "infinite": np.full(n, np.inf, np.float32),
        "noise": noise,
        "tone": np.sin(np.arange(n) * 0.1).astype(np.float32),
        "loud": 1e30 * noise,
    }
    recogniser = Recogniser(prints, RATE)
    assert recogniser.feed(sounds[sound]) == []
    recogniser.feed(part(tunes[4], 5, 12))  # and it goes on after it
    assert [heard.item for heard in recogniser.heard] == [104]


def test_the_end_of_a_track_is_noticed(tunes, prints):
    recogniser = Recogniser(prints, RATE)
    recogniser.feed(part(tunes[6], 5, 6))
    assert recogniser.heard
    recogniser.feed(np.zeros(7 * RATE, np.float32))
    assert recogniser.heard == []


@pytest.mark.parametrize("chunk", [64, 1000, 4096])
def test_the_same_is_heard_however_the_sound_is_cut(tunes, prints, chunk):
    sound = noisy(part(tunes[8], 10, 6, 1.02), 6)
    whole, cut = Recogniser(prints, RATE), Recogniser(prints, RATE)
    whole.feed(sound)
    said = [heard for start in range(0, len(sound), chunk) for heard in cut.feed(sound[start : start + chunk])]
    assert said
    assert cut.heard == whole.heard
    assert cut.heard == last(prints, sound)


def test_landmarks_streamed_are_those_of_the_whole():
    sound = soxr.resample(tune(1)[: 5 * RATE], RATE, 8000)
    found = np.zeros((len(sound) // landmarks.HOP + 1) * landmarks.MOST, landmarks.LANDMARK)
    whole = found[: landmarks.process(landmarks.prepare(), sound, found)].copy()
    for chunk in (1, 77, 1024):
        state, parts = landmarks.prepare(), []
        for start in range(0, len(sound), chunk):
            parts.append(found[: landmarks.process(state, sound[start : start + chunk], found)].copy())
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_fingerprint_is_small_and_comes_back_from_its_blob():
    blob = print_of(tune(1), RATE)
    assert len(blob) < 3000 * LENGTH_S / 60 + HEAD.size
    assert blob == print_of(tune(1), RATE)
    ticks, pitches, strengths = unpacked(blob)
    assert len(ticks) > 5 * LENGTH_S
    again = np.zeros(len(ticks), landmarks.LANDMARK)
    again["time"], again["pitch"], again["strength"] = ticks / 2, pitches, strengths / 3
    assert packed(again) == blob


def test_a_long_pause_keeps_its_length():
    pause = np.zeros(20 * RATE, np.float32)
    ticks, _, _ = unpacked(print_of(np.concatenate([tune(1)[: 5 * RATE], pause, tune(2)[: 5 * RATE]]), RATE))
    assert np.diff(ticks).max() * landmarks.HOP_S / 2 > 18
    assert ticks[-1] * landmarks.HOP_S / 2 > 28


def test_no_sound_gives_an_empty_fingerprint_that_is_never_recognised(tunes):
    for sound in (np.zeros(0, np.float32), np.zeros(100, np.float32), np.full(RATE, np.nan, np.float32)):
        blob = print_of(sound, RATE)
        assert len(unpacked(blob)[0]) == 0
        assert last([(1, blob)], part(tunes[0], 0, 3)) == []
    assert last([], part(tunes[0], 0, 3)) == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_hostile_bytes_are_an_error(blob):
    with pytest.raises(PrintError, match="scan the file again"):
        unpacked(blob)


BLOB = packed(np.array([(k, 10 * k % 2700, 1) for k in range(300)], landmarks.LANDMARK))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 900), st.integers(0, 255))
def test_a_damaged_fingerprint_is_an_error(where, value):
    blob = BLOB
    where %= len(blob)
    with pytest.raises(PrintError):
        unpacked(blob[:where])
    if blob[where] != value:
        with pytest.raises(PrintError):
            Index([(1, blob[:where] + bytes([value]) + blob[where + 1 :])])


def test_items_come_and_go_while_it_listens(tunes, prints):
    recogniser = Recogniser(prints[:4], RATE)
    recogniser.feed(part(tunes[5], 5, 6))
    assert recogniser.heard == []
    recogniser.index.add(prints[4:6])
    assert len(recogniser.index) == 6
    recogniser.feed(part(tunes[5], 11, 3))
    assert [heard.item for heard in recogniser.heard] == [105]
    recogniser.index.add(prints[6:9])
    recogniser.feed(part(tunes[5], 14, 1))
    assert [heard.item for heard in recogniser.heard] == [105]  # in a segment made anew
    recogniser.index.remove([105, 106, 107, 108, 999])
    assert len(recogniser.index) == 5
    recogniser.feed(part(tunes[5], 15, 3))
    assert 105 not in {heard.item for heard in recogniser.heard}
    recogniser.index.add([(105, prints[5][1])])
    recogniser.index.add([(105, prints[5][1])])
    assert len(recogniser.index) == 6


def test_a_bad_print_leaves_the_index_as_it_was(prints):
    index = Index(prints)
    with pytest.raises(PrintError):
        index.add([prints[0], (7, MAGIC)])
    assert len(index) == N
