"""The delay-locked loop: smooth under jitter, true to a drifting clock, and quick after a gap."""

import numpy as np
import pytest

from dsp.dll import DLL, RELOCK_S, update
from dsp.kernel import inline, zeros

RATE, BLOCK = 48000.0, 256


@inline
def feed(records, samples, times, n, rate, line):
    for k in range(samples.size):
        update(records[0], samples[k], n, times[k], rate)
        line[k] = records[0].time_s


def line_of(samples: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.void]:
    loop, line = zeros(DLL), np.zeros(samples.size)
    feed(loop, samples, times, BLOCK, RATE, line)
    return line, loop[0]


def blocks(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE / BLOCK)) * BLOCK


def test_jitter_is_smoothed() -> None:
    samples = blocks(20)
    true = 100 + samples / RATE
    jitter = np.random.default_rng(1).uniform(0, 0.004, samples.size)
    line, _ = line_of(samples, true + jitter)
    settled = (line - true)[samples.size // 2 :]
    assert settled.std() < jitter.std() / 5
    assert settled.mean() == pytest.approx(0.002, abs=0.0003)


def test_a_clock_that_runs_fast_is_followed() -> None:
    samples, rate = blocks(20), RATE * 1.0002
    line, loop = line_of(samples, 5 + samples / rate)
    assert 1 / loop["period_s"] == pytest.approx(rate, rel=1e-6)
    assert line[-1] == pytest.approx(5 + samples[-1] / rate, abs=1e-6)


def test_a_gap_locks_anew_at_once() -> None:
    samples = blocks(2)
    times = samples / RATE
    times[samples.size // 2 :] += 2 * RELOCK_S
    line, _ = line_of(samples, times)
    np.testing.assert_allclose(line, times, atol=1e-9)
