"""Halving the rate: nothing folds down, the passband stays, and the delay is what is said."""

import numpy as np
import pytest

from dsp import decimate
from dsp.kernel import inline, zeros

RATE = 96000


@inline
def run(records, sound, out):
    d, n = records[0], 0
    for i in range(sound.size):
        if decimate.halve(d, sound[i], -sound[i]):
            out[0, n], out[1, n] = decimate.filtered(d, 0), decimate.filtered(d, 1)
            n += 1
    return n


def halved(sound: np.ndarray) -> np.ndarray:
    record = zeros(decimate.DECIMATOR)
    decimate.prepare(record[0])
    out = np.zeros((2, sound.size // 2), np.float32)
    assert run(record, sound.astype(np.float32), out) == sound.size // 2
    return out


def gain_db(hz: float) -> float:
    sine = np.sin(2 * np.pi * hz * np.arange(RATE // 4) / RATE)
    return 20 * np.log10(np.sqrt(2 * np.mean(halved(sine)[0, 100:] ** 2)) + 1e-12)


@pytest.mark.parametrize("hz", [50, 1000, 10000, 19000])
def test_passband(hz: float) -> None:
    assert abs(gain_db(hz)) < 0.05


@pytest.mark.parametrize("hz", [29000, 35000, 47000])
def test_what_would_fold_down_is_gone(hz: float) -> None:
    assert gain_db(hz) < -70


def test_delay_and_channels() -> None:
    click = np.zeros(1000)
    click[501 - decimate.DELAY] = 1
    out = halved(click)
    assert np.argmax(out[0]) == 250  # the 250th output is computed as sample 501 arrives
    np.testing.assert_array_equal(out[0], -out[1])


@pytest.mark.parametrize(("rate", "factor"), [(44100, 1), (48000, 1), (88200, 2), (96000, 2)])
def test_factor(rate: float, factor: int) -> None:
    assert decimate.factor(rate) == factor
