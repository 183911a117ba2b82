"""Chords and keys from made probabilities: changes at their times, none made up, none in silence."""

import numpy as np
import pytest

from dsp.activations import FRAMES_HZ, LATE_S, NO_CHORD, PITCH
from dsp.decoders import rows, sink
from dsp.hop import CHORD, KEY

RATE = 48000


def _rows(chords: list[int], keys: list[int], each_s: float, seed: int | None = None) -> np.ndarray:
    """Each chord (root + 12 * quality, 24 = none) and key for `each_s`; with a seed, many frames say something else."""
    n = round(each_s * FRAMES_HZ)
    made = np.zeros(n * len(chords), PITCH)
    rng = np.random.default_rng(seed)
    for k in range(made.size):
        chord, key = chords[k // n], keys[k // n]
        if seed is not None and rng.random() < 0.25:
            chord = int(rng.integers(25))
        if seed is not None and rng.random() < 0.25:
            key = int(rng.integers(24))
        made["chord"][k] = 0.3 / 24
        made["chord"][k, chord] = 0.7
        made["key"][k] = 0.5 / 23
        made["key"][k, key] = 0.5
        made["bass"][k] = 0.1 / 11
        if chords[k // n] != NO_CHORD:
            made["bass"][k, (chords[k // n] + 4) % 12] = 0.9
            tonic, third = keys[k // n] % 12, 4 - keys[k // n] // 12
            for step in (0, third, 7):
                made["sounding"][k, 27 + tonic + step] = 0.9  # the key's first chord, from C3
    shift = round(LATE_S["chord"] * FRAMES_HZ)
    return np.concatenate([made[:1].repeat(shift), made])


def _decode(made: np.ndarray) -> np.ndarray:
    state, out = rows.prepare_pitch(RATE), sink.prepare()
    ends = (np.arange(1, made.size + 1) * RATE // FRAMES_HZ).astype(np.int64)
    found, at = [], 0
    while at < made.size:
        at += rows.pitch(state, made[at:], ends[at:], False, False, True, True, out)
        found.append(out["events"][0, : int(out["n"][0])].copy())
    return np.concatenate(found)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_changes_of_chord_at_their_times(seed: int | None) -> None:
    chords = [0, 9 + 12, 5, 7, NO_CHORD, 0, 4 + 12, 5]
    events = _decode(_rows(chords, [0] * len(chords), 1.0, seed))
    found = events[events["kind"] == CHORD]
    assert found.size == len(chords)
    value = found["value"]
    for k, chord in enumerate(chords):
        quality = 0 if chord == NO_CHORD else 1 + chord // 12
        assert value[k, :2].tolist() == [0 if chord == NO_CHORD else chord % 12, quality]
        assert value[k, 3] == (-1 if chord == NO_CHORD else (chord + 4) % 12)
        assert 0.5 < value[k, 2] <= 1
    times_s = found["sample_time"] / RATE
    assert np.abs(times_s - np.arange(len(chords))).max() < (0.03 if seed is None else 0.08)
    assert (np.diff(found["sample_time"]) > 0).all()
    waited_s = (found["known_at"] - found["sample_time"]) / RATE
    assert waited_s.max() < 0.6


def test_a_passing_chord_is_passed_over() -> None:
    made = _rows([0, 7, 0], [0, 0, 0], 2.0)
    made = np.concatenate([made[:200], made[220:230], made[430:]])  # a tenth of a second of G
    events = _decode(made)
    assert events[events["kind"] == CHORD].size == 1


def test_doubt_names_no_chord() -> None:
    made = np.zeros(1000, PITCH)
    made["chord"] = 1 / 25
    made["sounding"][:, 40] = 0.9
    events = _decode(made)
    assert not (events["kind"] == CHORD).any()


@pytest.mark.parametrize("seed", [None, 3])
def test_a_key_is_found_and_its_change(seed: int | None) -> None:
    events = _decode(_rows([0] * 60, [7] * 30 + [2] * 30, 1.0, seed))
    found = events[events["kind"] == KEY]
    assert found["value"][:, :2].tolist() == [[7, 0], [2, 0]]
    assert 2.0 < found["known_at"][0] / RATE < 4.0
    assert 33.0 < found["known_at"][1] / RATE < 58.0
    assert ((found["value"][:, 2] > 0) & (found["value"][:, 2] <= 1)).all()


def test_a_minor_key_has_mode_one() -> None:
    events = _decode(_rows([9 + 12] * 10, [9 + 12] * 10, 1.0))
    assert events[events["kind"] == KEY]["value"][0, :2].tolist() == [9, 1]


def test_no_key_in_silence() -> None:
    made = _rows([NO_CHORD] * 20, [3] * 20, 1.0)
    events = _decode(made)
    assert not (events["kind"] == KEY).any()
