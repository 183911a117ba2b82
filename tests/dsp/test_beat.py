"""Beats of click tracks: where they fall, that they are foretold, and that they end."""

import numpy as np
import pytest

from daemon.engine import offline
from dsp.analysers import beat
from dsp.hop import BEAT

SETTLED_S = 5.0


def _clicks(times_s: np.ndarray, seconds: float, rate: int) -> np.ndarray:
    """Short 1 kHz clicks over a faint noise floor."""
    x = np.random.default_rng(1).normal(0, 1e-4, int(seconds * rate)).astype(np.float32)
    n = np.arange(int(0.03 * rate))
    click = 0.5 * np.exp(-n / (0.004 * rate)) * np.sin(2 * np.pi * 1000 * n / rate)
    for start in np.round(times_s * rate).astype(int):
        x[start : start + n.size] += click[: x.size - start].astype(np.float32)
    return x


def _run(x: np.ndarray, rate: int, block: int = 65536) -> tuple[np.ndarray, np.ndarray]:
    blocks = (x[None, start : start + block] for start in range(0, x.size, block))
    found = list(offline.analyse(blocks, rate, 1, [beat]))
    events = np.concatenate([f.events for f in found])
    return events[events["kind"] == BEAT], np.concatenate([f.hops for f in found])


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("bpm", [70, 100, 128, 174])
def test_clicks_are_foretold_one_by_one(rate: int, bpm: int) -> None:
    clicks = np.arange(0.3, 14.9, 60 / bpm)
    events, hops = _run(_clicks(clicks, 15.0, rate), rate)
    times = events["sample_time"] / rate
    due = clicks[clicks > SETTLED_S]
    settled = (times > due[0] - 0.1) & (times < due[-1] + 0.1)
    assert np.count_nonzero(settled) == due.size
    assert np.abs(times[settled] - due).max() < 0.020
    lead_s = (times - events["known_at"] / rate)[settled]
    assert lead_s.min() > 0.010
    assert lead_s.max() < 0.060
    assert np.abs(events["value"][settled, 0] / bpm - 1).max() < 0.01
    late = hops[hops["sample_time"] > SETTLED_S * rate]
    assert np.abs(np.median(late["tempo_bpm"]) / bpm - 1) < 0.01
    assert late["beat_phase"].min() >= 0
    assert late["beat_phase"].max() < 1
    assert late["beat_confidence"].min() > 0.3


def test_phase_is_zero_at_the_clicks() -> None:
    clicks = np.arange(0.5, 15, 0.6)
    _, hops = _run(_clicks(clicks, 15.0, 48000), 48000)
    hop_time = hops["sample_time"] / 48000
    for click in clicks[clicks > SETTLED_S]:
        phase = hops["beat_phase"][np.argmin(np.abs(hop_time - click))]
        assert abs((phase + 0.5) % 1 - 0.5) < 0.05


def test_tempo_change_is_followed() -> None:
    clicks = np.concatenate([np.arange(0.3, 12.0, 60 / 100), np.arange(12.0, 29.9, 60 / 132)])
    events, _ = _run(_clicks(clicks, 30.0, 44100), 44100)
    times = events["sample_time"] / 44100
    changed = times > 12.0 + 6.0
    assert np.abs(events["value"][changed, 0] / 132 - 1).max() < 0.01
    assert np.abs(times[changed][:, None] - clicks[None, :]).min(axis=1)[:-1].max() < 0.025


@pytest.mark.parametrize("sound", ["silence", "noise", "tone"])
def test_no_beats_without_rhythm(sound: str) -> None:
    n = np.arange(12 * 48000)
    noise = np.random.default_rng(2).normal(0, 0.1, n.size)
    x = {"silence": np.zeros(n.size), "noise": noise, "tone": 0.3 * np.sin(2 * np.pi * 440 / 48000 * n)}[sound]
    events, hops = _run(x.astype(np.float32), 48000)
    assert len(events) == 0
    assert np.isfinite(hops["beat_confidence"]).all()
    assert hops["beat_confidence"].max() < 0.12
    if sound == "silence":
        assert not hops["tempo_bpm"].any()
        assert not hops["beat_confidence"].any()


def test_beats_stop_after_the_music() -> None:
    music = _clicks(np.arange(0.3, 10.0, 0.5), 10.0, 48000)
    events, hops = _run(np.concatenate([music, np.zeros(10 * 48000, np.float32)]), 48000)
    assert len(events) > 10
    assert events["sample_time"].max() < 13.0 * 48000  # a bar and a half of 120 BPM
    assert hops["beat_confidence"][-1] == 0
    assert hops["tempo_bpm"][-1] == 0


def test_same_sound_same_beats_whatever_the_block() -> None:
    x = _clicks(np.arange(0.3, 8.0, 0.47), 8.0, 48000)
    whole, _ = _run(x, 48000)
    assert len(whole) > 5
    assert np.array_equal(whole, _run(x, 48000, block=441)[0])
