"""Chroma, chord and key on tones of known pitch."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp import harmony
from dsp.analysers import chord, chroma, key
from dsp.hop import CHORD, KEY

RATE = 48000
QUALITY = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10)}


def tones(midi: list[int], seconds: float, rate: int = RATE, cents: float = 0.0) -> np.ndarray:
    """Notes with eight falling overtones."""
    t = np.arange(int(seconds * rate)) / rate
    sound = np.zeros(t.size)
    for note in midi:
        hz = 440 * 2 ** ((note - 69 + cents / 100) / 12)
        for k in range(1, 9):
            if hz * k < rate / 2.2:
                sound += 0.05 * 0.6**k * np.sin(2 * np.pi * hz * k * t + note)
    return sound.astype(np.float32)


def heard(sound: np.ndarray, rate: int = RATE) -> offline.Found:
    engine = offline.Engine(rate, 1, [chroma, chord, key])
    reader = offline.Reader(engine.state)
    parts = []
    for start in range(0, sound.size, 65536):
        engine.process(sound[None, start : start + 65536])
        parts.append(reader.read())
    return offline.Found(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def chords(found: offline.Found) -> list[str]:
    events = found.events[found.events["kind"] == CHORD]
    return [harmony.chord_name(int(v[0]), int(v[1])) for v in events["value"]]


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("cents", [0, 30, -25])
def test_a_chord_and_its_tuning(rate: int, cents: float) -> None:
    found = heard(tones([48, 60, 64, 67], 3.0, rate, cents), rate)
    last = found.hops[-1]
    assert last["tuning_cents"] == pytest.approx(cents, abs=4)
    assert set(np.argsort(last["chroma"])[-3:]) == {0, 4, 7}
    assert last["chroma"].max() == pytest.approx(1)
    assert chords(found) == ["C:maj"]


@pytest.mark.parametrize("quality", QUALITY)
@pytest.mark.parametrize("root", range(12))
def test_every_root_and_quality(root: int, quality: str) -> None:
    notes = [52 + (root + interval - 4) % 12 for interval in QUALITY[quality]]  # in close position around middle C
    found = heard(tones([36 + root, *notes], 2.0))
    assert chords(found)[-1] == f"{harmony.PITCH_CLASSES[root]}:{quality}"


def test_an_inversion_keeps_its_root_and_tells_its_bass() -> None:
    found = heard(np.concatenate([tones([43, 55, 59, 62], 1.5), tones([40, 55, 60, 64], 2.5)]))  # G, then C over E
    event = found.events[found.events["kind"] == CHORD][-1]
    assert harmony.chord_name(int(event["value"][0]), int(event["value"][1])) == "C:maj"
    assert event["value"][3] == 4


def test_a_change_is_dated_to_when_it_was() -> None:
    found = heard(np.concatenate([tones([48, 60, 64, 67], 2.0), tones([43, 59, 62, 67], 2.0)]))
    assert chords(found) == ["C:maj", "G:maj"]
    change = found.events[found.events["kind"] == CHORD][1]
    assert change["sample_time"] / RATE == pytest.approx(2.0, abs=0.12)
    assert change["known_at"] / RATE < 2.6


def test_silence_and_noise_are_no_chord() -> None:
    silent = heard(np.zeros(2 * RATE, np.float32))
    assert len(silent.events) == 0
    assert not silent.hops["chroma"].any()
    assert not silent.hops["tuning_cents"].any()
    after = heard(np.concatenate([tones([48, 60, 64, 67], 2.0), np.zeros(3 * RATE, np.float32)]))
    assert chords(after) == ["C:maj", "N"]
    noise = np.random.default_rng(1).normal(0, 0.1, 6 * RATE).astype(np.float32)
    found = heard(noise).events
    changes = found[found["kind"] == CHORD]
    lasting = np.diff(np.append(changes["known_at"], 6 * RATE))
    assert lasting[changes["value"][:, 1] > 0].sum() < 0.3 * 6 * RATE


@pytest.mark.parametrize(("tonic", "mode"), [(0, "major"), (7, "major"), (10, "major"), (9, "minor"), (3, "minor")])
def test_the_key_of_a_cadence(tonic: int, mode: str) -> None:
    third = 4 if mode == "major" else 3
    degrees = [(0, third), (5, third), (7, 4), (0, third)]
    voicings = [[(tonic + d + interval - 4) % 12 + 52 for interval in (0, t, 7)] for d, t in degrees]
    progression = [tones([36 + (tonic + d) % 12, *v], 1.0) for (d, _), v in zip(degrees, voicings, strict=True)]
    found = heard(np.concatenate(progression * 4))
    value = found.events[found.events["kind"] == KEY]["value"][-1]
    assert harmony.key_name(int(value[0]), int(value[1])) == f"{harmony.PITCH_CLASSES[tonic]} {mode}"
    assert 0 <= value[2] <= 1


def test_the_same_sound_gives_the_same_answer() -> None:
    sound = tones([45, 57, 60, 64], 2.0)
    assert heard(sound).events.tobytes() == heard(sound).events.tobytes()
