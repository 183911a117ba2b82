"""Onsets picked from made activations: each once, at its time, in its band."""

import numpy as np
import pytest

from dsp.activations import FRAMES_HZ, LATE_S, RHYTHM
from dsp.decoders import rows, sink
from dsp.drums import FULL, HIGH, LOW, MID

RATE = 48000


def _onsets(made: np.ndarray) -> np.ndarray:
    state, out = rows.prepare_rhythm(RATE), sink.prepare()
    ends = (np.arange(1, made.size + 1) * RATE // FRAMES_HZ).astype(np.int64)
    found, at = [], 0
    while at < made.size:
        at += rows.rhythm(state, made[at:], ends[at:], True, False, out)
        found.append(out["events"][0, : int(out["n"][0])].copy())
    return np.concatenate(found)


def _rows(times_s: np.ndarray, seconds: float, level: np.ndarray | float = 0.9, band: int | None = None) -> np.ndarray:
    """Activations like a triangle of two frames' half width around each moment."""
    made = np.zeros(int(seconds * FRAMES_HZ), RHYTHM)
    for when, height in zip(times_s, np.broadcast_to(level, times_s.shape), strict=True):
        place = (when + LATE_S["onset"]) * FRAMES_HZ - 1
        for frame in range(max(0, int(place) - 2), min(made.size, int(place) + 4)):
            height_here = height * max(0.0, 1 - abs(frame - place) / 2)
            made["onset"][frame, 0] = max(made["onset"][frame, 0], height_here)
            if band is not None:
                made["onset"][frame, 1 + band] = max(made["onset"][frame, 1 + band], height_here)
    return made


def test_each_onset_once_and_in_time() -> None:
    rng = np.random.default_rng(1)
    true = np.cumsum(rng.uniform(0.07, 0.5, 150))
    made = _rows(true, true[-1] + 0.5, rng.uniform(0.5, 1.0, true.size))
    found = _onsets(made)
    assert found.size == true.size
    assert np.abs(found["sample_time"] / RATE - true).max() < 0.008
    assert ((found["value"][:, 0] > 0.1) & (found["value"][:, 0] <= 1)).all()
    waited_s = found["known_at"] / RATE - true
    assert waited_s.min() > LATE_S["onset"] - 0.010
    assert waited_s.max() < LATE_S["onset"] + 0.031


@pytest.mark.parametrize(("band", "named"), [(None, FULL), (0, LOW), (1, MID), (2, HIGH)])
def test_bands(band: int | None, named: int) -> None:
    found = _onsets(_rows(np.arange(0.2, 4.9, 0.25), 5.0, band=band))
    assert (found["value"][:, 1] == named).all()


def test_a_kick_under_a_hat_is_a_kick() -> None:
    made = _rows(np.arange(0.2, 4.9, 0.25), 5.0, band=2)
    made["onset"][:, 1] = made["onset"][:, 3]
    assert (_onsets(made)["value"][:, 1] == LOW).all()


def test_what_is_low_or_lasts_is_no_onset() -> None:
    made = np.zeros(2000, RHYTHM)
    made["onset"][:, 0] = np.random.default_rng(2).random(2000) * 0.09
    assert _onsets(made).size == 0
    made["onset"][:, 0] = 0.6  # a drone that the network takes for one long beginning
    assert _onsets(made).size <= 1


def test_two_peaks_of_one_attack_are_one_onset() -> None:
    made = _rows(np.arange(0.5, 9.5, 0.5), 10.0)
    made["onset"][2:, 0] = np.maximum(made["onset"][2:, 0], 0.8 * made["onset"][:-2, 0])
    assert _onsets(made).size == 18


def test_a_sure_onset_has_its_own_band_and_not_that_of_a_sixteenth_before() -> None:
    kick, hat = _rows(np.array([0.21]), 1.0, 1.0, 0), _rows(np.array([0.36, 0.51]), 1.0, 1.0, 2)
    made = kick.copy()
    made["onset"] = np.maximum(kick["onset"], hat["onset"])
    assert [int(one) for one in _onsets(made)["value"][:, 1]] == [LOW, HIGH, HIGH]
