import numpy as np
import pytest

from dsp import voices

HELD = [voices.electric_piano, voices.lead, voices.bass]
STRUCK = [voices.kick, voices.snare, voices.hat]


def sounds(rate):
    return [voice(rate, 60, 0.5) for voice in HELD] + [voice(rate) for voice in STRUCK]


@pytest.mark.parametrize("rate", [44100.0, 96000.0])
def test_voices_are_loud_enough_finite_and_end_without_a_click(rate):
    for sound in sounds(rate):
        assert sound.dtype == np.float32
        assert 0.5 < np.abs(sound).max() < 1.5
        assert abs(sound[-1]) < 1e-3


@pytest.mark.parametrize("voice", HELD)
@pytest.mark.parametrize("midi", [36, 57, 81])
def test_a_held_note_has_its_pitch_and_its_length(voice, midi):
    rate, seconds = 48000, 0.7
    sound = voice(rate, midi, seconds)
    assert sound.size == int((seconds + voices.RELEASE_S) * rate)
    lag = rate / voices.hz(midi)
    x = sound[: int(0.25 * rate)]  # before the lead sways
    similar = [np.dot(x[: -round(k)], x[round(k) :]) for k in lag * np.array([0.94, 1.0, 1.06])]
    assert np.argmax(similar) == 1


def test_drums_lie_in_their_bands():
    rate = 48000
    centres = []
    for voice in STRUCK:
        power = np.abs(np.fft.rfft(voice(rate))) ** 2
        centres.append(np.dot(power, np.arange(power.size)) / power.sum() * rate / voice(rate).size)
    kick, snare, hat = centres
    assert kick < 200
    assert 500 < snare < 6000 < hat
