"""Loudness by ITU-R BS.1770-4 (its own check: a 997 Hz sine at 0 dBFS in one channel reads -3.01), peak and RMS."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp.analysers import level


def last(sound: np.ndarray, rate: float = 48000) -> np.void:
    reader = offline.Reader((engine := offline.Engine(rate, len(sound), [level])).state)
    for start in range(0, sound.shape[1], 4096):
        engine.process(sound[:, start : start + 4096].astype(np.float32))
    return reader.read().hops[-1]


def sine(hz: float, gain: float, seconds: float, rate: float = 48000) -> np.ndarray:
    return gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [44100, 48000, 88200, 96000])
def test_one_full_scale_channel(rate: float) -> None:
    tone = sine(997, 1.0, 3.5, rate)
    found = last(np.stack([tone, 0 * tone]), rate)
    assert found["momentary_lufs"] == pytest.approx(-3.01, abs=0.05)
    assert found["short_term_lufs"] == pytest.approx(-3.01, abs=0.05)


def test_two_channels_add_up_and_mono_is_one() -> None:
    tone = sine(997, 0.1, 0.6)
    assert last(np.stack([tone, tone]))["momentary_lufs"] == pytest.approx(-20.0, abs=0.05)
    assert last(tone[None])["momentary_lufs"] == pytest.approx(-23.01, abs=0.05)


TABLE = (  # b and a of the standard's two filters at 48 kHz
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)


def weight_db(hz: float) -> float:
    z = np.exp(-2j * np.pi * hz / 48000 * np.arange(3))
    return 20 * np.log10(np.prod([abs(np.dot(b, z) / np.dot(a, z)) for b, a in TABLE]))


@pytest.mark.parametrize("hz", [30, 100, 2000, 10000])
def test_k_weighting_is_the_standards_table(hz: float) -> None:
    bent = last(sine(hz, 0.1, 1.0)[None])["momentary_lufs"] - last(sine(997, 0.1, 1.0)[None])["momentary_lufs"]
    assert bent == pytest.approx(weight_db(hz) - weight_db(997), abs=0.05)


def test_windows_forget() -> None:
    sound = np.concatenate([sine(997, 0.5, 1.0), np.zeros(24000)])[None]
    found = last(sound)
    assert found["momentary_lufs"] < -60
    assert -25 < found["short_term_lufs"] < -12


def test_peak_and_rms() -> None:
    found = last(np.stack([sine(750, 0.5, 0.5), sine(750, 0.25, 0.5)]))
    assert found["peak"] == pytest.approx(0.5, rel=1e-3)
    assert found["rms"] == pytest.approx(np.sqrt((0.125 + 0.03125) / 2), rel=1e-3)


def test_silence() -> None:
    found = last(np.zeros((2, 48000)))
    assert (found["peak"], found["rms"], found["momentary_lufs"]) == (0, 0, level.FLOOR_LUFS)
