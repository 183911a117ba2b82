"""Bands: the right one lights, at any gain, and silence stays dark."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp.analysers import bands

RATE = 48000


def features(sound: np.ndarray, rate: int = RATE) -> np.ndarray:
    engine = offline.Engine(rate, 1, [bands])
    reader = offline.Reader(engine.state)
    engine.process(sound.astype(np.float32)[None])
    return reader.read().hops


def tone(hz: float, gain: float, seconds: float = 1.0) -> np.ndarray:
    return gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


@pytest.mark.parametrize(("hz", "band"), [(60, "low"), (800, "mid"), (6000, "high")])
@pytest.mark.parametrize("gain", [0.01, 0.9])
def test_a_tone_lights_its_band_at_any_gain(hz: float, band: str, gain: float) -> None:
    last = features(tone(hz, gain))[-1]
    assert last[band] > 0.95
    others = {"low", "mid", "high"} - {band}
    assert all(last[other] < 0.2 for other in others)
    assert last["centroid_hz"] == pytest.approx(hz, rel=0.2)


def test_release_is_smooth_and_ends_in_the_dark() -> None:
    after = features(np.concatenate([tone(60, 0.5), np.zeros(2 * RATE)]))["low"]
    falling = after[RATE // 256 + 12 :]
    assert (np.diff(falling) <= 0).all()
    assert falling[0] > 0.5
    assert after[-1] == 0


def test_noise_is_flat_and_a_tone_is_not() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, RATE)
    assert features(noise)["flatness"][-1] > 0.4
    assert features(tone(1000, 0.5))["flatness"][-1] < 0.01


def test_silence_is_all_zero() -> None:
    last = features(np.zeros(RATE))[-1]
    assert [last[name] for name in ("low", "mid", "high", "centroid_hz", "flatness")] == [0] * 5
