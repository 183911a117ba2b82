"""Values read from texts by what a plugin writes, however it writes."""

import math

import pytest

from daemon.plugins import reading
from daemon.plugins.plugin import PluginError


def decibels(value: float) -> str:
    """A fader: silence at the bottom, one decimal."""
    return "-inf dB" if value == 0.0 else f"{20 * math.log10(value):.1f} dB"


def hertz(value: float) -> str:
    """Exponential, Hz below 1000 and kHz above."""
    hz = 20.0 * 1000.0**value
    return f"{hz:.1f} Hz" if hz < 1000.0 else f"{hz / 1000.0:.2f} kHz"


def test_a_text_is_found_again() -> None:
    for k in range(101):
        for write in (decibels, hertz, lambda value: f"{100 - 200 * value:.2f} %"):
            assert write(reading.read(write(k / 100), write, 0)) == write(k / 100)


def test_the_middle_of_what_is_written_alike() -> None:
    assert reading.read("-6.0 dB", decibels, 0) == pytest.approx(10 ** (-6.0 / 20), abs=1e-3)
    assert reading.read("440", hertz, 0) == pytest.approx(math.log(440 / 20) / math.log(1000), abs=1e-3)


def test_units_that_scale() -> None:
    assert hertz(reading.read("2500 Hz", hertz, 0)) == "2.50 kHz"
    assert hertz(reading.read("0.5 kHz", hertz, 0)) == "500.0 Hz"
    assert hertz(reading.read("2.5k", hertz, 0)) == "2.50 kHz"


def test_ends() -> None:
    assert reading.read("-inf", decibels, 0) == 0.0
    assert reading.read("0", decibels, 0) == 1.0


def test_names() -> None:
    names = ["Off", "Low", "High"]
    assert reading.read(" low ", lambda value: names[round(2 * value)], 3) == 0.5
    with pytest.raises(PluginError, match="'Mid' is no value of it; give one of 'Off', 'Low', 'High'"):
        reading.read("Mid", lambda value: names[round(2 * value)], 3)


def test_a_plugins_own_reading_is_checked() -> None:
    assert reading.read("-6", decibels, 0, guess=0.5011872) == 0.5011872
    assert reading.read("-6", decibels, 0, guess=0.9) == pytest.approx(0.5012, abs=1e-3)


@pytest.mark.parametrize("text", ["", "loud", "nan", "6 Hz", "7", "--3"])
def test_nonsense(text: str) -> None:
    with pytest.raises(PluginError, match=r"give '-inf dB' to '0\.0 dB'"):
        reading.read(text, decibels, 0)


def test_idle_zeros() -> None:
    assert [reading.tidy(text) for text in ("10.000000 ms", " 0.100000", "1.50", "10000", "50.049999 ms")] == [
        *("10 ms", "0.1", "1.50", "10000", "50.049999 ms"),
    ]
