"""Beats, bars and tempo from made activations: foretold one by one, in silence none."""

import numpy as np
import pytest

from dsp.activations import FRAMES_HZ, LATE_S, RHYTHM
from dsp.decoders import rows, sink
from dsp.hop import BEAT

RATE = 48000
SETTLED_S = 8.0


def _rows(beats_s: np.ndarray, metre: int, seconds: float, seed: int | None = None) -> np.ndarray:
    """Activations of beats, every `metre`-th a downbeat; with a seed: late and early, missed and made up."""
    made = np.zeros(int(seconds * FRAMES_HZ), RHYTHM)
    rng = np.random.default_rng(seed)
    for k, when in enumerate(beats_s):
        is_down = k % metre == 0
        late_s, level, sure = 0.0, 0.8, 0.9
        if seed is not None:
            if rng.random() < 0.1:
                continue
            late_s, level, sure = rng.normal(0, 0.012), rng.uniform(0.2, 0.9), rng.uniform(0.5, 0.95)
        at = round((when + late_s + LATE_S["beat"]) * FRAMES_HZ - 1)
        for frame, part in ((at - 1, 0.4), (at, 1.0), (at + 1, 0.4)):
            if 0 <= frame < made.size:
                made["beat"][frame] = level * part * (1 - sure), level * part * sure
                if not is_down:
                    made["beat"][frame] = made["beat"][frame][::-1]
    if seed is not None:
        made["beat"][:, 0] = np.maximum(made["beat"][:, 0], rng.random(made.size) ** 12 * 0.4)
        made["beat"][:, 1] = np.maximum(made["beat"][:, 1], rng.random(made.size) ** 12 * 0.2)
    return made


def _beats(made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    state, out = rows.prepare_rhythm(RATE), sink.prepare()
    ends = (np.arange(1, made.size + 1) * RATE // FRAMES_HZ).astype(np.int64)
    found, at = [], 0
    while at < made.size:
        at += rows.rhythm(state, made[at:], ends[at:], False, True, out)
        found.append(out["events"][0, : int(out["n"][0])].copy())
    return np.concatenate(found), state


def _f(found_s: np.ndarray, true_s: np.ndarray) -> float:
    """F at +-70 ms."""
    if not found_s.size:
        return 0.0
    hit = sum(np.abs(found_s - t).min() <= 0.07 for t in true_s)
    return 2 * hit / (found_s.size + true_s.size)


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("bpm", [62, 100, 128, 176])
def test_beats_and_bars_are_foretold(bpm: int, metre: int) -> None:
    settled_s = SETTLED_S if bpm > 80 else 16.0  # a slow beat is long taken for every other one
    true = np.arange(0.4, 24.9, 60 / bpm)
    found, state = _beats(_rows(true, metre, 25.0))
    times = found["sample_time"] / RATE
    due = true[(true > settled_s) & (true < 24.5)]
    settled = (times > due[0] - 0.1) & (times < due[-1] + 0.1)
    assert np.count_nonzero(settled) == due.size
    assert np.abs(times[settled] - due).max() < 0.020
    lead_s = (found["sample_time"] - found["known_at"])[settled] / RATE
    assert lead_s.min() > 0.020
    assert lead_s.max() < 0.060
    value = found["value"][settled]
    assert np.abs(value[:, 0] / bpm - 1).max() < 0.01
    assert value[:, 1].min() > 0.5
    assert np.array_equal(value[:, 2], np.flatnonzero(true > settled_s)[: due.size] % metre + 1)
    assert state["beat"]["metre"][0] == metre


@pytest.mark.parametrize("metre", [3, 4])
@pytest.mark.parametrize("seed", [1, 2])
def test_noise_on_the_activation_is_borne(metre: int, seed: int) -> None:
    true = np.arange(0.4, 59.0, 0.55)
    found, _ = _beats(_rows(true, metre, 60.0, seed))
    late = found[found["sample_time"] > SETTLED_S * RATE]
    times, due = late["sample_time"] / RATE, true[true > SETTLED_S - 0.1]
    assert _f(times, due) > 0.92
    assert _f(times[late["value"][:, 2] == 1], true[::metre][true[::metre] > SETTLED_S - 0.1]) > 0.8


def test_a_change_of_tempo_is_followed() -> None:
    true = np.concatenate([np.arange(0.3, 15.0, 60 / 100), np.arange(15.0, 39.9, 60 / 135)])
    found, _ = _beats(_rows(true, 4, 40.0, 3))
    times = found["sample_time"] / RATE
    changed = times > 15.0 + 6.0
    assert np.abs(np.median(found["value"][changed, 0]) / 135 - 1) < 0.02
    assert _f(times[changed], true[true > 15.0 + 5.9]) > 0.95


def test_a_slowing_tempo_is_followed() -> None:
    true = 0.4 + np.cumsum(0.45 * 1.01 ** np.arange(60))
    found, _ = _beats(_rows(true, 4, true[-1] + 0.2))
    times = found["sample_time"] / RATE
    assert _f(times[times > SETTLED_S], true[true > SETTLED_S - 0.1]) > 0.95


def test_never_two_for_one_beat() -> None:
    for seed in (4, 5):
        found, _ = _beats(_rows(np.arange(0.4, 39.0, 0.5), 4, 40.0, seed))
        gaps_s = np.diff(found["sample_time"]) / RATE
        assert (gaps_s > 0.5 * 60 / found["value"][1:, 0]).all()
        assert (found["kind"] == BEAT).all()


@pytest.mark.parametrize("level", [0.0, 0.1])
def test_silence_gives_no_beat(level: float) -> None:
    made = np.zeros(20 * FRAMES_HZ, RHYTHM)
    made["beat"] = level * np.random.default_rng(1).random(made["beat"].shape) / 2
    found, state = _beats(made)
    assert found.size == 0
    assert state["beat"]["confidence"][0] == 0
    assert state["beat"]["period"][0] == 0


def test_activations_without_order_give_little_confidence() -> None:
    rng = np.random.default_rng(2)
    made = np.zeros(40 * FRAMES_HZ, RHYTHM)
    struck = rng.random(made.size) < 0.06
    made["beat"][struck, 0] = rng.uniform(0.1, 0.5, np.count_nonzero(struck))
    found, _ = _beats(made)
    orderly, _ = _beats(_rows(np.arange(0.4, 39.0, 0.5), 4, 40.0))
    assert found.size == 0 or np.median(found["value"][:, 1]) < 0.5 * np.median(orderly["value"][:, 1])


def test_beats_end_with_the_music_and_begin_anew() -> None:
    music, pause = _rows(np.arange(0.4, 12.0, 0.5), 4, 12.0), np.zeros(8 * FRAMES_HZ, RHYTHM)
    found, state = _beats(np.concatenate([music, pause]))
    assert found["sample_time"].max() < 15.1 * RATE
    after = found[found["sample_time"] > 12.6 * RATE]["value"][:, 1]
    assert (np.diff(after) < 0).all()  # less sure from beat to beat
    assert state["beat"]["period"][0] == 0
    found, _ = _beats(np.concatenate([music, pause, _rows(np.arange(0.3, 14.9, 0.7), 3, 15.0)]))
    again = found[found["sample_time"] > 28 * RATE]
    assert np.abs(again["value"][:, 0] * 0.7 / 60 - 1).max() < 0.01
    assert set(again["value"][:, 2]) == {1, 2, 3}
