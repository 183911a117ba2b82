"""Note segmentation on melodies that are known."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp.analysers import f0, notes
from dsp.hop import NOTE_OFF, NOTE_ON

RATE = 48000.0


def events(x: np.ndarray, rate: float = RATE) -> np.ndarray:
    """The note events of a mono signal and the silence after it."""
    block = np.concatenate([x, np.zeros(offline.SILENCE_AFTER)]).astype(np.float32)[None]
    return np.concatenate([found.events for found in offline.analyse([block], rate, 1, [f0, notes])])


def pairs(x: np.ndarray, rate: float = RATE) -> list[tuple[float, float, int, np.ndarray]]:
    """(start s, end s, MIDI number, the NOTE_ON's values); fails where an on lacks its off or time runs backwards."""
    found, sounding, last_s = [], None, 0.0
    for event in events(x, rate):
        when = event["sample_time"] / rate
        assert when >= last_s and event["known_at"] / rate >= when
        last_s = when
        if event["kind"] == NOTE_ON:
            assert sounding is None
            sounding = (when, event["value"])
        else:
            assert event["kind"] == NOTE_OFF and sounding is not None and event["value"][0] == sounding[1][0]
            assert when > sounding[0]
            found.append((sounding[0], when, int(sounding[1][0]), sounding[1]))
            sounding = None
    assert sounding is None
    return found


def plucked(midi, seconds: float, rate: float = RATE, gain: float = 0.3, decay: float = 3.0) -> np.ndarray:
    """A note of eight partials with a 5 ms attack; `midi` may move."""
    n = int(seconds * rate)
    hz = 440 * 2 ** ((np.broadcast_to(np.asarray(midi, float), (n,)) - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / rate
    t = np.arange(n) / rate
    shape = np.minimum(1, t / 0.005) * np.exp(-decay * t) * np.minimum(1, (seconds - t) / 0.005)
    return gain * shape * sum(np.sin(k * phase) / k for k in range(1, 9)) / 1.5


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
def test_melody_with_a_repeated_note(rate):
    melody = [60, 62, 64, 64, 67, 72, 48, 48]
    rest = np.zeros(int(0.2 * rate))
    found = pairs(np.concatenate([rest, *(plucked(m, 0.25, rate) for m in melody), rest]), rate)
    assert [note for _, _, note, _ in found] == melody
    starts = np.array([start for start, *_ in found])
    assert np.abs(starts - (0.2 + 0.25 * np.arange(len(melody)))).max() < 0.03


def test_staccato_ends_with_the_sound():
    rest = np.zeros(int(0.15 * RATE))
    found = pairs(np.concatenate([rest, plucked(57, 0.2), rest, plucked(57, 0.2), rest]))
    assert [note for _, _, note, _ in found] == [57, 57]
    for start, end, *_ in found:
        assert abs(end - start - 0.2) < 0.04


def test_legato_changes_without_attack():
    steps = [57, 59, 60, 55]
    line = np.repeat(steps, int(0.3 * RATE))
    found = pairs(plucked(line, len(line) / RATE, decay=0.0))
    assert [note for _, _, note, _ in found] == steps
    assert np.abs(np.array([start for start, *_ in found]) - 0.3 * np.arange(4)).max() < 0.03


@pytest.mark.parametrize("depth", [0.3, 0.6, 1.0])
def test_vibrato_is_one_note(depth):
    t = np.arange(int(2 * RATE)) / RATE
    line = 64 + depth * np.clip(t - 0.2, 0, 1) * np.sin(2 * np.pi * 5.5 * t)
    found = pairs(plucked(line, 2.0, decay=0.0))
    assert [note for _, _, note, _ in found] == [64]


def test_tremolo_is_one_note():
    t = np.arange(int(2 * RATE)) / RATE
    found = pairs(plucked(64, 2.0, decay=0.0) * (1 + 0.5 * np.sin(2 * np.pi * 6 * t)))
    assert len(found) == 1


def test_event_tells_pitch_and_level():
    found = pairs(plucked(69.3, 0.4))
    ((_, _, note, value),) = found
    assert note == 69 and abs(value[1] - 30) < 5
    assert abs(1200 * np.log2(value[3] / 440) - 30) < 5
    velocities = [pairs(plucked(60, 0.4, gain=gain))[0][3][2] for gain in (0.03, 0.1, 0.3, 0.9)]
    assert velocities[0] >= 1 and velocities == sorted(set(velocities)) and velocities[-1] <= 127


def test_noise_and_silence_play_nothing():
    assert len(events(np.zeros(24000))) == 0
    assert len(events(0.3 * np.random.default_rng(1).standard_normal(48000))) == 0


def test_every_note_ends_whatever_comes():
    rng = np.random.default_rng(7)
    parts = []
    for _ in range(40):
        part = plucked(rng.uniform(35, 90), rng.uniform(0.02, 0.3), gain=rng.uniform(0, 0.9))
        parts += [part, rng.uniform(0, 0.2) * rng.standard_normal(int(rng.uniform(0, 0.1) * RATE))]
    assert len(pairs(np.concatenate(parts))) > 10
