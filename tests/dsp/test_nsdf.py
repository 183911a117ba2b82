"""The normalised difference function against its definition."""

import ctypes

import numpy as np
import pytest

from dsp import nsdf
from dsp.hop import HISTORY, HOP, HOP_STATE, push
from dsp.kernel import kernel, record_at, zeros


@kernel(HOP_STATE, nsdf.NSDF)
def _take(hop_pointer, state_pointer):
    hop = record_at(hop_pointer, 1)[0]
    push(hop)
    nsdf.update(record_at(state_pointer, 1)[0], hop)


def run(x: np.ndarray, rate: float) -> np.ndarray:
    """The state after the last whole hop of `x`."""
    take = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(_take.address)
    hop, state = zeros(HOP_STATE), zeros(nsdf.NSDF)
    hop["rate"], hop["channels"], hop["head"] = rate, 1, HISTORY
    nsdf.prepare(state[0], rate)
    for start in range(0, len(x) - HOP + 1, HOP):
        hop["left"][0] = hop["right"][0] = x[start : start + HOP]
        take(hop.ctypes.data, state.ctypes.data)
    return state[0]


@pytest.mark.parametrize("rate", [32000.0, 44100.0, 48000.0, 64000.0])
def test_value_is_one_less_the_difference_over_the_energies(rate):
    state = run(0.3 * np.random.default_rng(1).standard_normal(40 * HOP), rate)
    line, size, lags = state["line"].astype(float), int(state["window"]) * nsdf.N, int(state["lags"])
    assert lags >= rate / 2 / 40
    new = line[-size:]
    for lag in (0, 1, 7, 100, lags // 2, lags - 1):
        old = line[len(line) - size - lag : len(line) - lag]
        expected = 1 - np.sum((new - old) ** 2) / np.sum(new**2 + old**2)
        assert abs(state["value"][lag] - expected) < 1e-4
    assert abs(state["power"] - np.mean(new**2)) < 1e-5


def test_line_is_the_sound_at_half_rate_without_dc():
    rate = 48000.0
    t = np.arange(40 * HOP) / rate
    state = run(0.5 + 0.5 * np.sin(2 * np.pi * 1000 * t), rate)
    spectrum = np.abs(np.fft.rfft(state["line"][-960:])) / 480
    assert abs(spectrum[40] - 0.5) < 0.01  # 1000 Hz of 24 kHz in 960 samples
    assert spectrum[0] < 0.02


def test_silence_after_sound_falls_to_nothing():
    x = np.concatenate([np.random.default_rng(2).standard_normal(20 * HOP), np.zeros(60 * HOP)])
    state = run(x, 48000.0)
    assert np.abs(state["value"]).max() < 1e-3
