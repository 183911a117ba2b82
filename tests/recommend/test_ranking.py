"""What the ranking sees of scores, and the files that it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

from daemon.recommend.blend.opening import SHIPPED
from daemon.recommend.blend.ranking import FLOOR, PLACE, Ranking, views
from daemon.trained import ModelError
from tests.recommend import blend_stage as stage


def write(path: Path, fields: int = 2, hidden: int = 3, **other: np.ndarray) -> Path:
    width = 3 * fields
    weights = {
        "scale": np.ones(width),
        "w1": np.zeros((width, hidden)),
        "b1": np.zeros(hidden),
        "w2": np.arange(hidden + width, dtype=np.float64),
        "fields": np.array([f"content.{k}" for k in range(fields)]),
    }
    np.savez(path, **(weights | other))
    return path


def test_a_score_is_seen_as_it_is_as_its_logarithm_and_by_its_place() -> None:
    fields = np.array([[0.5, 0.0], [1.0, 0.0], [0.5, FLOOR / 2]], np.float32)
    seen = views(fields)
    assert seen.shape == (3, 6) and seen.dtype == np.float32
    np.testing.assert_array_equal(seen[:, :2], fields)
    logs = 1 - np.log(0.5) / np.log(FLOOR)
    np.testing.assert_allclose(seen[:, 2:4], [[logs, 0], [1, 0], [logs, 0]], atol=1e-6)
    np.testing.assert_allclose(seen[:, 4], [PLACE / (PLACE + 1), 1, PLACE / (PLACE + 2)], atol=1e-6)
    np.testing.assert_allclose(seen[:, 5], [0, 0, 1], atol=1e-6)
    assert views(np.empty((0, 2), np.float32)).shape == (0, 6)
    rest = np.random.default_rng(1).random((50, 4)).astype(np.float32)
    assert (views(rest) >= 0).all() and (views(rest) <= 1).all()


def test_scores_are_the_network_s_of_the_views(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    w1, b1, w2 = random.normal(size=(6, 3)), random.normal(size=3), random.normal(size=9)
    scale = random.random(6)
    one = Ranking(write(tmp_path / "r.npz", w1=w1, b1=b1, w2=w2, scale=scale))
    fields = random.random((5, 2)).astype(np.float32)
    seen = views(fields) * scale
    wanted = [sum(np.tanh(row @ w1 + b1) * w2[:3]) + row @ w2[3:] for row in seen]
    np.testing.assert_allclose(one.score(fields), wanted, rtol=1e-4)
    assert one.columns("content", ("1", "0")).tolist() == [1, 0]
    with pytest.raises(ModelError, match=r"r\.npz: not fitted to content\.tempo; train it anew"):
        one.columns("content", ("0", "tempo"))


def test_the_one_that_jamd_comes_with_knows_every_field() -> None:
    one = Ranking(SHIPPED / "blend.npz")
    names = {f"{family.name}.{field}" for family in stage.recommender().families for field in family.fields}
    assert names == set(one.fields)
    assert len(one.fields) == len(set(one.fields))


def damaged(path: Path) -> None:
    write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def not_weights(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def pickled(path: Path) -> None:
    write(path, w2=np.array([print], object))


BAD = {
    "missing": lambda path: None,
    "a folder": Path.mkdir,
    "empty": Path.touch,
    "truncated": damaged,
    "text": lambda path: path.write_text("weights"),
    "one array": not_weights,
    "a pickle": pickled,
    "words for weights": lambda path: write(path, w1=np.array([["a"] * 3] * 6)),
    "of other sizes": lambda path: write(path, w1=np.zeros((5, 3))),
    "a bias of no size": lambda path: write(path, b1=np.array(1.0)),
    "of more fields": lambda path: write(path, fields=2, scale=np.ones(9)),
    "not a number": lambda path: write(path, w2=np.full(9, np.nan)),
}


@pytest.mark.parametrize("how", BAD)
def test_a_file_that_does_not_do_is_named_in_one_line(how: str, tmp_path: Path) -> None:
    path = tmp_path / "blend.npz"
    BAD[how](path)
    with pytest.raises(ModelError) as caught:
        Ranking(path)
    assert re.fullmatch(r".*blend\.npz: .*train it anew", str(caught.value)), caught.value
