"""The f0 tracker on sounds whose pitch is known."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp.analysers import f0


def track(x: np.ndarray, rate: float = 48000.0) -> np.ndarray:
    """The hops of a mono signal."""
    block = np.asarray(x, np.float32)[None]
    return np.concatenate([found.hops for found in offline.analyse([block], rate, 1, [f0])])


def tone(hz, seconds: float = 0.5, rate: float = 48000.0, partials=None) -> np.ndarray:
    """A sum of `partials` (number: amplitude; a band-limited saw if not given) on a constant or moving f0."""
    hz = np.broadcast_to(np.asarray(hz, float), (int(seconds * rate),))
    phase = 2 * np.pi * np.cumsum(hz) / rate
    partials = partials or {k: 1 / k for k in range(1, max(2, int(min(8000.0, rate / 3) / hz.max())))}
    x = sum(a * np.sin(k * phase) for k, a in partials.items())
    return 0.3 * x / np.abs(x).max()


def cents(hz, true_hz):
    return 1200 * np.log2(np.asarray(hz, float) / true_hz)


def settled(hops: np.ndarray) -> np.ndarray:
    return hops[25:]


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
@pytest.mark.parametrize("hz", [41.2, 55.0, 82.4, 146.8, 261.6, 440.0, 987.8, 1975.5])
def test_saw_is_found_within_a_few_cents(hz, rate):
    found = settled(track(tone(hz, rate=rate), rate))
    assert (found["voiced"] == 1).all()
    assert np.abs(cents(found["f0_hz"], hz)).max() < (8 if hz > 60 else 15)


@pytest.mark.parametrize("hz", [60.0, 196.0, 700.0, 1500.0, 2500.0, 4000.0])
def test_sine_is_found_without_octave_error(hz):
    found = settled(track(tone(hz, partials={1: 1.0})))
    assert np.abs(cents(found["f0_hz"], hz)).max() < 10
    assert found["f0_confidence"].min() > 0.65


def test_missing_fundamental():
    found = settled(track(tone(150.0, partials={3: 1.0, 4: 1.0, 5: 0.8, 6: 0.5})))
    assert np.abs(cents(found["f0_hz"], 150.0)).max() < 10


@pytest.mark.parametrize(
    "partials", [{1: 0.12, 2: 1.0, 3: 0.12, 4: 0.5, 5: 0.08}, {1: 1.0, 2: 0.02}, {1: 0.3, 3: 1, 5: 1}]
)
def test_octave_holds_whatever_harmonic_is_strong(partials):
    found = settled(track(tone(330.0, partials=partials)))
    assert np.abs(cents(found["f0_hz"], 330.0)).max() < 20


def test_time_is_that_of_the_sound_measured():
    rate = 48000.0
    hz = 220.0 * 2 ** np.linspace(0, 2, int(2 * rate))
    found = settled(track(tone(hz, 2.0, rate), rate))[:-5]
    off = cents(found["f0_hz"], hz[found["f0_time"]])
    assert np.abs(off).max() < 25
    assert (found["f0_time"] < found["sample_time"]).all()
    assert (found["sample_time"] - found["f0_time"]).max() < 0.03 * rate


def test_step_is_followed_within_forty_ms():
    rate = 48000.0
    found = track(np.concatenate([tone(300.0), tone(400.0)]), rate)
    late = found[found["sample_time"] > (0.5 + 0.04) * rate]
    assert np.abs(cents(late["f0_hz"], 400.0)).max() < 10


def test_vibrato_stays_in_its_octave():
    rate = 48000.0
    hz = 440.0 * 2 ** (np.sin(2 * np.pi * 6 * np.arange(int(rate)) / rate) / 12)
    found = settled(track(tone(hz, 1.0, rate), rate))
    assert np.abs(cents(found["f0_hz"], 440.0)).max() < 110
    assert found["voiced"].all()


def test_noise_is_unvoiced():
    noise = 0.3 * np.random.default_rng(3).standard_normal(48000)
    found = track(noise)
    assert found["voiced"].mean() == 0


def test_tone_in_noise_is_voiced():
    x = tone(220.0, 1.0) + 0.02 * np.random.default_rng(4).standard_normal(48000)
    found = settled(track(x))
    assert found["voiced"].all()
    assert np.abs(cents(found["f0_hz"], 220.0)).max() < 15


def test_silence_and_dc_have_no_pitch():
    for x in (np.zeros(24000), np.full(24000, 0.7)):
        found = track(x)[40:]
        assert not found["f0_hz"].any()
        assert not found["voiced"].any()
        assert not found["f0_confidence"].any()


def test_full_scale_square_and_sudden_silence_are_finite():
    x = np.sign(tone(100.0, 1.0))
    x[24000:] = 0
    found = track(x)
    for name in ("f0_hz", "f0_confidence", "voiced"):
        assert np.isfinite(found[name]).all()
    assert np.abs(cents(settled(found)["f0_hz"][:50], 100.0)).max() < 10
    assert not found["voiced"][-60:].any()


def test_dc_under_a_tone_changes_nothing():
    found = settled(track(tone(110.0) + 0.5))
    assert np.abs(cents(found["f0_hz"][10:], 110.0)).max() < 10


def test_level_hardly_matters():
    found = settled(track(0.003 * tone(247.0)))
    assert found["voiced"].all()
    assert np.abs(cents(found["f0_hz"], 247.0)).max() < 10
