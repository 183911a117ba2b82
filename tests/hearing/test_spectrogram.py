"""The networks' front end: the same numbers in any blocks, at any rate, and in training."""

import numpy as np
import pytest

from dsp import spectrogram
from dsp.activations import FRAMES_HZ
from dsp.spectrogram import BANDS, LOWEST_TONE, MOST_HZ, TONES


def frames(sound: np.ndarray, rate: int, block: int = 1 << 20) -> tuple[np.ndarray, np.ndarray]:
    state = spectrogram.prepare(rate)
    rows = sound.size * FRAMES_HZ // rate + 2
    bands, tones = np.zeros((rows, 2, BANDS), np.float32), np.zeros((rows, TONES), np.float32)
    made = 0
    for start in range(0, sound.size, block):
        made += spectrogram.push(state, sound[start : start + block], bands[made:], tones[made:])
    return bands[:made], tones[:made]


def music(rate: int, seconds: float = 1.2) -> np.ndarray:
    """Tones that come and go, the same at any rate."""
    t = np.arange(round(seconds * rate)) / rate
    parts = [(55.0, 0.0), (220.0, 0.2), (466.16, 0.5), (1567.98, 0.7), (6000.0, 0.9)]
    sound = sum(0.15 * np.sin(2 * np.pi * hz * t) * (t >= start) * np.exp(start - t) for hz, start in parts)
    return np.asarray(sound, np.float32)


@pytest.mark.parametrize("block", [1, 64, 441, 1000])
def test_any_blocks_give_the_same_frames(block: int) -> None:
    sound = music(44100)
    for whole, parts in zip(frames(sound, 44100), frames(sound, 44100, block), strict=True):
        assert np.array_equal(whole, parts)


@pytest.mark.parametrize("rate", [32000, 48000, MOST_HZ])
def test_any_rate_gives_about_the_same_frames(rate: int) -> None:
    for ours, theirs in zip(frames(music(rate), rate), frames(music(44100), 44100), strict=True):
        assert len(ours) == len(theirs) == 120
        difference = np.abs(ours - theirs)
        assert difference.mean() < 0.005
        assert np.percentile(difference, 99.9) < 0.15  # where a tone begins between two samples


def test_a_frame_ends_where_its_number_says() -> None:
    rate = 48000
    click = np.zeros(rate, np.float32)
    click[24000] = 1.0
    bands, _ = frames(click, rate)
    assert np.flatnonzero(bands[:, 0].any(axis=1))[0] == 50  # frame 49 ends with sample 23999


def test_a_tone_stands_in_its_place_and_silence_is_nothing() -> None:
    t = np.arange(44100) / 44100
    for midi in (45, 57, 69, 100):
        _, tones = frames((0.5 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * t)).astype(np.float32), 44100)
        assert tones[80].argmax() == 3 * (midi - LOWEST_TONE)
    bands, tones = frames(np.zeros(44100, np.float32), 44100)
    assert not bands.any()
    assert not tones.any()


def test_a_day_of_sound_changes_nothing() -> None:
    sound = music(48000)
    state = spectrogram.prepare(48000)
    state["samples_pushed"], state["frames"] = 86400 * 48000, 86400 * FRAMES_HZ
    bands, tones = np.zeros((200, 2, BANDS), np.float32), np.zeros((200, TONES), np.float32)
    made = spectrogram.push(state, sound, bands, tones)
    assert np.array_equal(bands[:made], frames(sound, 48000)[0])


def test_a_rate_that_is_too_high_is_named() -> None:
    with pytest.raises(ValueError, match="96000 Hz"):
        spectrogram.prepare(96000)
