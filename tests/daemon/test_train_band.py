"""Training the onset's band: drums as labelled, labels as heard, and a fit that learns and repeats."""

import numpy as np
import pytest

from daemon.train import band, kit
from daemon.train.kit import HAT, KICK, OTHER, SNARE, Hit
from dsp import drums
from dsp.drums import FULL, HIGH, LOW, MID


@pytest.mark.parametrize(
    ("struck", "wanted"),
    [
        ([], {FULL: 1}),
        ([KICK], {LOW: 1}),
        ([KICK, HAT], {LOW: 1}),
        ([SNARE, HAT, OTHER], {MID: 1}),
        ([HAT], {HIGH: 1}),
        ([KICK, SNARE], {LOW: 0.5, MID: 0.5}),
        ([OTHER], {}),
        ([OTHER, HAT], {}),
    ],
)
def test_what_struck_nearby_is_the_target(struck, wanted):
    hits = [Hit(1.01, drum, 0.8) for drum in struck] + [Hit(1.05, KICK, 1.0)]
    expected = np.zeros(4)
    for name, share in wanted.items():
        expected[name] = share
    assert (band.target(1.0, hits) == expected).all()


def test_patterns_keep_to_their_beats():
    rng = np.random.default_rng(1)
    hits = [hit for _ in range(20) for hit in kit.pattern(np.arange(1.0, 30.0, 0.5), rng)]
    assert {hit.drum for hit in hits} == {KICK, SNARE, HAT, OTHER}
    assert all(0.9 < hit.time_s < 30 and 0 < hit.level < 1.2 for hit in hits)


def test_synthetic_drums_sound_where_they_should():
    rng, rate = np.random.default_rng(2), 48000
    centroid = {}
    for drum in (KICK, SNARE, HAT):
        power = [np.abs(np.fft.rfft(kit.synthetic(drum, rate, rng), rate)) ** 2 for _ in range(20)]
        centroid[drum] = np.median([(np.arange(p.size) * p).sum() / p.sum() for p in power])
    assert centroid[KICK] < 500 < centroid[SNARE] < 5000 < centroid[HAT]


def test_the_engine_hands_over_one_row_for_each_onset():
    rate = 48000
    x = np.zeros(2 * rate)
    for at in (0.5, 1.0, 1.5):
        x[int(at * rate) :][: rate // 5] += kit.synthetic(SNARE, rate, np.random.default_rng(3))[: rate // 5] / 2
    rows = list(band.heard(x.astype(np.float32), rate))
    assert {round(float(time_s), 2) for time_s, _ in rows} >= {0.5, 1.0, 1.5}
    assert all(row.shape == (drums.N_INPUTS,) and row.any() for _, row in rows)


def test_a_fit_learns_repeats_and_has_the_shipped_shape():
    short = band.COURSE._replace(epochs=10)
    rng = np.random.default_rng(4)
    true = rng.integers(0, 4, 3000)
    target = np.eye(4)[true]
    inputs = rng.standard_normal((3000, drums.N_INPUTS)) * 3 + 5
    inputs[:, :4] += 12 * target
    target[::10] = 0  # not to be judged
    weights, again = band.train(inputs, target, short), band.train(inputs, target, short)
    assert (band.predict(weights, inputs) == true).mean() > 0.85
    assert all((weights[name] == again[name]).all() for name in weights)
    with np.load(drums.__file__.replace(".py", ".npz")) as shipped:
        assert {name: w.shape for name, w in weights.items()} == {name: shipped[name].shape for name in shipped}


def test_the_table_counts():
    target = np.eye(4)[[LOW, LOW, MID, FULL]]
    text = band.table("a", target, np.array([LOW, MID, MID, FULL]))
    assert text.startswith("a: 4 onsets, 0.750 right")
    assert "LOW         1.00    0.50" in text
