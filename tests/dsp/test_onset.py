"""Onsets on synthetic sound: clicks, notes, vibrato, drums, silence and things no musician would play."""

import numpy as np
import pytest

from daemon.engine import offline
from daemon.inputs import performance
from dsp import voices
from dsp.analysers import onset
from dsp.hop import ONSET

RATE = 48000
LOW, MID, HIGH, FULL = 0, 1, 2, 3


def find(x: np.ndarray, rate: float = RATE) -> tuple[np.ndarray, np.ndarray]:
    """Onset events of a mono signal, and its features by hop."""
    x = np.concatenate([x, np.zeros(offline.SILENCE_AFTER)]).astype(np.float32)
    (found,) = offline.analyse([x[None]], rate, 1, [onset])
    return found.events[found.events["kind"] == ONSET], found.hops


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def note(hz: np.ndarray | float, seconds: float, rate: float = RATE) -> np.ndarray:
    """Ten harmonics with a 5 ms attack and a 50 ms release."""
    n = int(seconds * rate)
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hz, n)) / rate
    t = np.arange(n) / rate
    tone = sum(np.sin(k * phase) / k for k in range(1, 11))
    return 0.3 * tone * np.minimum(1, t / 0.005) * np.clip((seconds - t) / 0.05, 0, 1)


def drum(kind: int, rate: float = RATE) -> np.ndarray:
    t = np.arange(int(0.3 * rate)) / rate
    if kind == LOW:
        return 0.8 * np.sin(2 * np.pi * (50 * t + 2 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.06)
    if kind == HIGH:
        hiss = noise(t.size)
        return 0.3 * (hiss - np.convolve(hiss, np.ones(4) / 4, "same")) * np.exp(-t / 0.03)
    rattle = np.convolve(noise(t.size), np.ones(8) / 8, "same")
    return (0.6 * np.sin(2 * np.pi * 330 * t) + rattle) * 0.6 * np.exp(-t / 0.06)


def place(sounds: list[tuple[float, np.ndarray]], seconds: float, rate: float = RATE) -> np.ndarray:
    x = np.zeros(int(seconds * rate))
    for start, sound in sounds:
        at = round(start * rate)
        x[at : at + sound.size] += sound
    return x


@pytest.mark.parametrize("rate", [44100, 48000, 88200, 96000])
def test_clicks_are_each_found_once_and_soon(rate):
    times = 0.5 + 0.3 * np.arange(10) + 0.0013 * np.arange(10)
    click = noise(int(0.004 * rate)) * np.exp(-np.arange(int(0.004 * rate)) / (0.001 * rate))
    events, _ = find(place([(t, click) for t in times], 4, rate), rate)
    assert len(events) == len(times)
    assert np.abs(events["sample_time"] / rate - times).max() < 0.005
    delay = events["known_at"] / rate - times
    assert delay.min() > 0 and delay.max() < 0.020


def test_notes_are_each_found_once():
    times = 0.3 + 0.35 * np.arange(12)
    pitches = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 12, 7, 4, 0]) / 12)
    events, _ = find(place([(t, note(hz, 0.34)) for t, hz in zip(times, pitches, strict=True)], 5))
    assert len(events) == len(times)
    assert np.abs(events["sample_time"] / RATE - times).max() < 0.020
    assert (events["known_at"] / RATE - times).max() < 0.035


def test_vibrato_is_one_note():
    t = np.arange(3 * RATE) / RATE
    events, _ = find(place([(0.5, note(440 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 6 * t)), 3))], 4))
    assert len(events) == 1
    assert abs(events["sample_time"][0] / RATE - 0.5) < 0.02


KIT = {"kick": (0.6, voices.kick), "snare": (0.52, voices.snare), "hat": (0.3, voices.hat)}
STRUCK = [("kick", LOW), ("snare", MID), ("hat", HIGH), ("kick hat", LOW)]  # together, and the band


def bands_of(names: str, chord: list[float], rate: float = RATE) -> np.ndarray:
    """What six strokes of some drums at once, over a held chord, are told as."""
    times = 1.5 + 0.5 * np.arange(6) + 0.0013 * np.arange(6)
    strokes = [(t, KIT[name][0] * KIT[name][1](rate)) for t in times for name in names.split()]
    events, _ = find(place([*((0.2, 0.1 * note(hz, 5.5, rate)) for hz in chord), *strokes], 6, rate), rate)
    near = np.abs(events["sample_time"][:, None] / rate - times).min(axis=1) < 0.03
    assert near.sum() == 6
    return events["value"][near, 1]


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize(("names", "band"), STRUCK)
def test_drums_tell_their_band(names, band, rate):
    assert (bands_of(names, [], rate) == band).sum() >= 5


@pytest.mark.parametrize(("names", "band"), [("kick", LOW), ("snare", MID), ("kick hat", LOW)])
def test_drums_tell_their_band_over_a_held_chord(names, band):
    assert (bands_of(names, [110, 220, 277, 330]) == band).sum() >= 5


@pytest.mark.parametrize("hz", [165, 330])
def test_plucked_chords_name_no_drum(hz):
    t = np.arange(RATE) / RATE

    def string(f: float) -> np.ndarray:
        tone = sum(np.sin(2 * np.pi * k * f * t) / k * np.exp(-t * k * 1.5) for k in range(1, 9))
        return 0.15 * tone * np.minimum(1, t / 0.003)

    times = 0.3 + 0.5 * np.arange(6)
    steps = (1, 1.12, 1.33, 1.5, 1.12, 1)
    plucks = [(at, string(hz * step * f)) for at, step in zip(times, steps, strict=True) for f in (1, 1.26, 1.5)]
    events, _ = find(place(plucks, 5))
    plucked = np.abs(events["sample_time"][:, None] / RATE - times).min(axis=1) < 0.03
    assert plucked.sum() == 6
    assert (events["value"][plucked, 1] == FULL).sum() >= 5


def test_the_built_in_performance_shows_its_drums():
    beats = 32
    sound = performance.Performance(performance.time_s(beats)).blocks(RATE)
    events, _ = find(np.concatenate(list(sound), axis=1).mean(axis=0))
    struck: dict[float, set[str]] = {}
    for beat in range(beats):
        for played in performance._notes(beat):
            if played.voice in performance.DRUMS:
                struck.setdefault(performance.time_s(played.beat), set()).add(played.voice)
    heard: dict[int, list[float]] = {LOW: [], MID: [], HIGH: []}
    for at, drums in struck.items():
        gap = np.abs(events["sample_time"] / RATE - at)
        if gap.min() < 0.03:
            true = LOW if "kick" in drums else MID if "snare" in drums else HIGH
            heard[true].append(events["value"][gap.argmin(), 1] == true)
    assert all(len(right) >= 12 for right in heard.values())
    assert np.mean(heard[LOW]) >= 0.8
    assert np.mean(heard[MID]) >= 0.4
    assert np.mean(heard[HIGH]) >= 0.8


def test_strength_grows_with_the_attack():
    t = np.arange(4 * RATE) / RATE
    bed = 0.05 * np.sin(2 * np.pi * 200 * t)
    strengths = []
    for gain in (0.1, 0.3, 1.0):
        events, _ = find(bed + place([(2, gain * drum(MID))], 4))
        late = events[(events["sample_time"] > 1.5 * RATE) & (events["sample_time"] < 3 * RATE)]
        assert len(late) == 1
        strengths.append(late["value"][0, 0])
    assert 0 < strengths[0] < strengths[1] < strengths[2] <= 1


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros(2 * RATE),
        0.5 * np.hanning(4 * RATE),  # an offset drifts in and out
        noise(2 * RATE) * 2**-16,  # dither
        noise(2 * RATE) * 10 ** (-75 / 20),
    ],
    ids=["silence", "offset", "dither", "hiss"],
)
def test_nothing_is_found_in_nothing(signal):
    events, hops = find(signal)
    assert len(events) == 0
    assert np.isfinite(hops["onset_strength"]).all()


def test_silence_reads_zero():
    _, hops = find(np.zeros(RATE))
    assert (hops["onset_strength"] == 0).all()


def test_an_offset_changes_nothing_much():
    x = place([(0.5 + 0.4 * k, note(330, 0.3)) for k in range(5)], 3)
    offset = 0.2 * np.hanning(x.size)
    assert len(find(x)[0]) == len(find(x + offset)[0]) == 5


def test_full_scale_square_is_sane():
    t = np.arange(2 * RATE) / RATE
    events, hops = find(np.sign(np.sin(2 * np.pi * 100 * t)) * (t > 0.5))
    assert np.isfinite(hops["onset_strength"]).all() and (hops["onset_strength"] >= 0).all()
    assert 1 <= len(events) <= 2
    assert abs(events["sample_time"][0] / RATE - 0.5) < 0.01


def test_same_sound_same_events():
    x = place([(0.2 * k, drum(k % 3)) for k in range(1, 14)], 3)
    (one, _), (two, _) = find(x), find(x)
    assert len(one) > 8 and (one == two).all()
