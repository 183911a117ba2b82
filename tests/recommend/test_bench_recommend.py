"""The library of `jamd bench recommend`, and a run over a small one."""

import numpy as np
import pytest

from daemon.bench import recommend, recommend_cost
from daemon.bench.synthetic_library import POPULARITY, Synthetic, sets
from daemon.recommend.blend.opening import SHIPPED
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.item import Item


def test_a_catalogue_like_any_other():
    made, real = Synthetic(500), Catalogue([Item(id=1)])
    for name, column in vars(real).items():
        assert len(getattr(made, name)) == 500, name
        if isinstance(column, np.ndarray):
            assert getattr(made, name).dtype == column.dtype, name
            assert getattr(made, name).shape[1:] == column.shape[1:], name
    item = made.items[7]
    assert (item.id, item.profile.key) == (8, made.keys[7])
    assert [one.id for one in made.items[498:]] == [499, 500]


def test_sets_are_those_of_djs():
    catalogue = Synthetic(4000)
    played = sets(catalogue, 50_000)
    assert played.offsets[-1] == len(played.rows)
    assert abs(len(played.rows) - 50_000) < 2_500
    for number in range(50):  # of one style
        rows = played.rows[played.offsets[number] : played.offsets[number + 1]]
        assert len(set(catalogue.styles[rows])) == 1
    counts = np.sort(np.bincount(played.rows, minlength=4000))[::-1]
    assert 2**POPULARITY < counts[:40].mean() / counts[200:240].mean() < 12**POPULARITY
    again = sets(Synthetic(4000), 50_000)
    assert (again.rows == played.rows).all()
    assert again.djs == played.djs


@pytest.mark.skipif(not (SHIPPED / "blend.npz").exists(), reason="jamd's own ranking is not here: train it")
def test_measured():
    bench = recommend_cost.Bench(600, plays=5_000)
    row = bench.measure(queries=6)
    whole = sum(row["steps"][name]["p50"] for name in row["steps"])
    assert 0 < whole < 3 * row["whole"]["max"]
    assert row["vectors"]["exact, Numba int8"]["recall"] > 0.99
    assert {family.label for family in bench.families} >= {"Content", "Collaborative"}
    table = recommend._cost(row, 10.0)
    assert "600 items" in table
    for name in row["steps"]:
        assert name in table
