"""Imagined libraries and sets, and a network of a few of them: what `jamd train imagined` does, in small."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'jamd[train]'")
pytest.importorskip("onnx", reason="onnx writes the network; it is not installed")

torch.set_num_threads(1)

from daemon.models.opening import open_folder  # noqa: E402
from daemon.recommend.catalogue import Catalogue  # noqa: E402
from daemon.recommend.deep.features import numbers  # noqa: E402
from daemon.recommend.deep.model import Network  # noqa: E402
from daemon.train.recommender import imagined, policy, prior  # noqa: E402

SMALL = prior.PLAN._replace(epochs=1, negatives=200)


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("view", imagined.VIEWS)
def test_a_view_knows_what_it_knows(view: str) -> None:
    catalogue = Catalogue(imagined.world(300, view, random(1)).items)
    known = {
        "tempo": np.isfinite(catalogue.tempo_bpm),
        "key": catalogue.keys >= 0,
        "energy": np.isfinite(catalogue.energy),
        "loudness": np.isfinite(catalogue.loudness_lufs),
        "density": np.isfinite(catalogue.onset_density),
        "duration": np.isfinite(catalogue.duration_s),
        "chroma": np.isfinite(catalogue.chroma).all(1),
        "timbre": np.isfinite(catalogue.timbre).all(1),
        "traits": np.isfinite(catalogue.traits).all(1),
    }
    for name, there in known.items():
        if name in imagined.VIEWS[view]:
            assert 0.85 < there.mean() < 1, name
        else:
            assert not there.any(), name
    sound = numbers(catalogue)
    assert np.isfinite(sound).all() and np.abs(sound).max() <= 12


def test_keys_and_chroma_agree() -> None:
    """What a key finder hears in the chroma is mostly the key; most keys are minor."""
    world = imagined.world(1000, "scan", random(2))
    catalogue = Catalogue(world.items)
    known = (catalogue.keys >= 0) & np.isfinite(catalogue.chroma[:, 0])
    keys, chroma = catalogue.keys[known].astype(int), catalogue.chroma[known]
    np.testing.assert_allclose(chroma.sum(1), 1, atol=1e-5)
    tonic = chroma[np.arange(len(keys)), keys % 12]
    assert (tonic > np.median(chroma, 1)).mean() > 0.85
    assert 0.5 < (keys >= 12).mean() < 0.7


def test_sets_have_no_repeats_and_keep_to_their_rules() -> None:
    """Where tempo and key weigh much, plays lie nearer by them than items drawn by lot do."""
    world = imagined.world(600, "both", random(3))
    by = policy.Policy(4.0, 0.05, 4.0, 0.0, 0.0, 0.0, 0.0, np.full(30, np.nan))
    near = []
    for seed in range(10):
        rows = policy.play(world, by, random(seed))
        assert len(rows) == 30 == len(set(rows.tolist()))
        off = np.diff(world.octave[rows])
        near.append(np.abs(off - np.round(off)) < 0.1)
    lot = world.octave[random(4).permutation(600)]
    off = np.diff(lot)
    assert np.mean(near) > 0.9 > (np.abs(off - np.round(off)) < 0.1).mean() + 0.2


def test_an_arc_is_followed() -> None:
    world = imagined.world(600, "scan", random(5))
    by = policy.Policy(0.0, 0.05, 0.0, 4.0, 0.0, 0.0, 0.0, np.linspace(0, 1, 24))
    rows = policy.play(world, by, random(6))
    assert np.corrcoef(world.energy[rows[1:]], by.arc[1:])[0, 1] > 0.8


def test_it_learns_and_writes_what_the_daemon_reads(tmp_path: Path) -> None:
    said: list[str] = []
    prior.command(tmp_path / "a", 3, said.append, SMALL, items=50, count=3)
    prior.command(tmp_path / "b", 3, said.append, SMALL, items=50, count=3)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"items.onnx", "step.onnx", "card.toml"}
    assert (tmp_path / "a" / "items.onnx").stat().st_size < 100_000, "without words"
    assert any("dev MRR" in line for line in said)
    catalogue = Catalogue(imagined.world(50, "both", random(7)).items)
    first, again = (Network(open_folder("next", tmp_path / name, "prior")) for name in "ab")
    np.testing.assert_array_equal(first.vectors(catalogue), again.vectors(catalogue))
    assert np.isfinite(first.step(first.start(), first.vectors(catalogue)[0]).query).all()
