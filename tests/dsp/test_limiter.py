"""The limiter never lets a sample above the ceiling, and leaves what is below it alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dsp.limiter import RELEASE_S, limit, release

RATE = 48000
SAMPLES = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)  # the engine, run in this thread, flushes them to zero


def limited(left: np.ndarray, right: np.ndarray, ceiling: float, gain: float = 1.0) -> tuple[np.ndarray, float]:
    out = np.stack([left, right]).astype(np.float32)
    gain = limit(out[0], out[1], left.size, np.float32(gain), np.float32(ceiling), np.float32(release(RATE)))
    return out, gain


@settings(deadline=None)
@given(arrays(np.float32, (2, 64), elements=SAMPLES), st.floats(0.01, 1.0), st.floats(0.001, 1.0))
def test_no_sample_above_the_ceiling(sound: np.ndarray, ceiling: float, gain: float) -> None:
    out, gain = limited(sound[0], sound[1], ceiling, gain)
    assert np.abs(out).max() <= ceiling * (1 + 1e-6)
    assert 0 <= gain <= 1


def test_what_is_below_the_ceiling_passes_unchanged() -> None:
    sound = np.random.default_rng(1).uniform(-0.89, 0.89, (2, 1000)).astype(np.float32)
    out, gain = limited(sound[0], sound[1], 0.9)
    np.testing.assert_array_equal(out, sound)
    assert gain == 1


def test_channels_share_one_gain() -> None:
    out, gain = limited(np.full(10, 3.0), np.full(10, 0.3), 0.9)
    np.testing.assert_allclose(out[0], 10 * out[1], rtol=1e-5)
    assert gain == pytest.approx(0.3, rel=1e-3)


def test_gain_comes_back_by_the_release_time() -> None:
    quiet = np.full(round(RELEASE_S * RATE), 0.1)
    _, gain = limited(quiet, quiet, 0.9, gain=0.5)
    assert 1 - gain == pytest.approx(0.5 / np.e, rel=0.01)
