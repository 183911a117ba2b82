"""The networks that ship, on what they must not mistake: silence, noise, applause, a tone, spoilt sound, other rates."""

import shutil
import subprocess

import numpy as np
import pytest

from daemon.hearing.stream import Stream
from daemon.inputs.performance import Performance
from daemon.inputs.sound_file import SoundFile
from daemon.models.opening import open_model
from daemon.registry import HEARS
from daemon.train.analysis import unmusical
from dsp.hop import BEAT, CHORD, F0, KEY, NOTE_OFF, NOTE_ON, ONSET

RATE = 44100
SECONDS = 10


@pytest.fixture(scope="module")
def graphs():
    return open_model("hearing", "hearing").graphs


def heard(sound: np.ndarray, graphs, rate: int = RATE) -> np.ndarray:
    events = Stream(rate, HEARS, graphs).process(np.atleast_2d(sound).astype(np.float32))
    assert np.isfinite(events["value"]).all()
    return events


def of(events: np.ndarray, kind: int) -> np.ndarray:
    return events[events["kind"] == kind]


def music(rate: int = RATE, seconds: float = SECONDS) -> np.ndarray:
    return np.concatenate(list(Performance(seconds).blocks(rate)), axis=1).mean(axis=0)


def confidence(events: np.ndarray) -> float:
    beats = of(events, BEAT)
    return float(np.mean(beats["value"][:, 1])) if len(beats) else 0.0


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_nothing_is_heard_in_silence(graphs, level: float) -> None:
    rng = np.random.default_rng(1)
    events = heard(level * rng.standard_normal(SECONDS * RATE), graphs)
    assert set(events["kind"]) <= {F0, CHORD, KEY}
    assert not of(events, F0)["value"][:, 2].any()  # voiced


def test_noise_applause_and_talk_have_no_beat_to_be_sure_of(graphs) -> None:
    sure = confidence(heard(music(), graphs))
    assert sure > 0.3
    rng = np.random.default_rng(2)
    noise = 0.1 * rng.standard_normal(SECONDS * RATE)
    for sound in (noise, *(unmusical.noise(SECONDS * RATE, np.random.default_rng(seed)) for seed in range(3, 7))):
        events = heard(sound, graphs)
        beats = of(events, BEAT)
        assert len(beats) * confidence(events) < 0.25 * 2 * SECONDS * sure  # of those that music at 120 bpm would have


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed: sudo apt install espeak-ng")
def test_speech_has_no_chords_and_no_beat_to_be_sure_of(graphs, tmp_path) -> None:
    text = (
        "Good evening everybody, and thank you for coming out in this weather. The next piece was written by a friend"
        " of ours, who is sitting somewhere at the back. Would you please let us know whether the sound is all right?"
    )
    for voice in ("en-gb", "de", "it+f2"):
        path = tmp_path / f"{voice}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, text], check=True)
        events = heard(np.concatenate(list(SoundFile(path).blocks(RATE)), axis=1), graphs)
        assert confidence(events) < 0.6 * confidence(heard(music(), graphs))
        assert not (of(events, CHORD)["value"][:, 1] > 0).any()


def test_a_tone_is_one_note(graphs) -> None:
    t = np.arange(6 * RATE) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * t) * (t > 1) * (t < 5)
    events = heard(tone, graphs)
    assert set(of(events, NOTE_ON)["value"][:, 0]) == {69.0}
    assert len(of(events, NOTE_ON)) == len(of(events, NOTE_OFF)) == 1
    held = of(events, F0)
    held = held[(held["sample_time"] > 2 * RATE) & (held["sample_time"] < 4 * RATE)]
    assert np.abs(1200 * np.log2(held["value"][:, 0] / 440)).max() < 30
    assert held["value"][:, 2].all()
    assert confidence(events) < 0.2


def test_clipped_and_shifted_sound_has_the_same_onsets(graphs) -> None:
    clean = music()
    true = of(heard(clean, graphs), ONSET)["sample_time"] / RATE
    loud = clean / np.abs(clean).max()
    for spoilt in (np.clip(3 * loud, -1, 1), 0.5 * loud + 0.3):
        found = of(heard(spoilt, graphs), ONSET)["sample_time"] / RATE
        hit = np.mean([np.abs(found - t).min() < 0.03 for t in true])
        assert hit > 0.85
        assert len(found) < 1.3 * len(true)


@pytest.mark.parametrize("rate", [48000, 96000])
def test_any_rate_gives_the_same_onsets_and_notes(graphs, rate: int) -> None:
    ours, theirs = heard(music(rate), graphs, rate), heard(music(), graphs)
    for kind in (ONSET, NOTE_ON):
        true, found = of(theirs, kind)["sample_time"] / RATE, of(ours, kind)["sample_time"] / rate
        assert np.mean([np.abs(found - t).min() < 0.02 for t in true]) > 0.85
        assert abs(len(found) - len(true)) < 0.15 * len(true) + 2


def test_a_network_that_has_lost_its_numbers_begins_anew(graphs) -> None:
    sound = np.atleast_2d(music()).astype(np.float32)
    stream = Stream(RATE, HEARS, graphs)
    stream.process(sound[:, : 2 * RATE])
    for network in stream._networks.values():
        for state in network._states[network._turn].values():
            state.fill(np.nan)
    found = stream.process(sound[:, 2 * RATE :])
    assert np.isfinite(found["value"]).all()
    assert len(of(found, ONSET)) > 10
    assert len(of(found, NOTE_ON)) > 10
