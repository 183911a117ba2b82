"""The session network that jamd comes with: it loads, holds whatever is not known of an item, and prefers what is near."""

import numpy as np
import pytest

from daemon.models.opening import open_model
from daemon.recommend.blend.opening import SHIPPED
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.deep.deep import Deep, open_deep
from daemon.recommend.deep.model import HIDDEN, SIZE, Network
from daemon.recommend.item import N_TIMBRE, Item, Profile
from daemon.recommend.session import Session

MOST_BYTES = 1_500_000
DARK, BRIGHT = (0.9,) * (N_TIMBRE // 2) + (0.0,) * (N_TIMBRE // 2), (-0.9,) * (N_TIMBRE // 2) + (0.0,) * (N_TIMBRE // 2)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(open_model("next"))


def scanned(number: int, tempo: float, energy: float, timbre: tuple[float, ...], key: int = 21) -> Item:
    """As `jamd library scan` would know it: loudness and onsets are those of such an energy."""
    profile = Profile(
        tempo_bpm=tempo,
        key=key,
        energy=energy,
        loudness_lufs=-18 + 12 * energy,
        onset_density=6 * energy,
        duration_s=240.0,
        timbre=timbre,
    )
    return Item(id=number, path=f"{number}.wav", profile=profile)


def streamed(number: int, tempo: float, energy: float, dance: float, acoustic: float) -> Item:
    """As streaming services know it."""
    traits = (dance, 0.5, acoustic, 0.1, 0.05)
    profile = Profile(tempo_bpm=tempo, key=21, energy=energy, loudness_lufs=-18 + 12 * energy, traits=traits)
    return Item(id=number, path=str(number), profile=profile)


def two_sorts() -> Catalogue:
    """Eleven items that drive and are dark, eleven slow, soft and bright ones; by turns."""
    hard = [scanned(1 + 2 * k, 126.0 + k % 3, 0.80 + 0.01 * (k % 4), DARK) for k in range(11)]
    soft = [scanned(2 + 2 * k, 88.0 + k % 3, 0.35 + 0.01 * (k % 4), BRIGHT) for k in range(11)]
    return Catalogue([item for pair in zip(hard, soft, strict=True) for item in pair])


def order(deep: Deep, n: int, played: list[int], k: int) -> np.ndarray:
    allowed = np.ones(n, np.uint8)
    allowed[played] = 0
    return deep.candidates(Session(rows=np.array(played, np.int64)), allowed, k)


def test_it_is_small_and_learnt_no_item_by_itself(network: Network) -> None:
    assert sum((SHIPPED / name).stat().st_size for name in ("items.onnx", "step.onnx")) < MOST_BYTES
    assert not (SHIPPED / "own.npz").exists()
    assert not network.knows(two_sorts()).any()


def test_vectors_are_finite_whatever_is_not_known(network: Network) -> None:
    items = [
        Item(id=1),
        Item(id=2, profile=Profile(tempo_bpm=120.0)),
        Item(id=3, profile=Profile(key=5)),
        Item(id=4, title="Name", artist="Somebody", genre="house; techno"),
        Item(id=5, profile=Profile(traits=(0.5, None, 0.1, None, None))),
        Item(
            id=6, profile=Profile(loudness_lufs=-90.0, energy=0.0, tempo_bpm=1000.0, onset_density=50.0, duration_s=0.0)
        ),
        scanned(7, 126.0, 0.8, DARK),
        streamed(8, 126.0, 0.8, 0.7, 0.1),
    ]
    vectors = network.vectors(Catalogue(items))
    assert vectors.shape == (len(items), SIZE + 1)
    assert np.isfinite(vectors).all()
    told = network.start()
    for vector in vectors:
        told = network.step(told, vector)
        assert np.isfinite(told.query).all() and np.isfinite(told.state).all()


def test_names_change_nothing(network: Network) -> None:
    named = Item(id=1, title="Name", artist="Somebody", genre="house", profile=Profile(tempo_bpm=120.0))
    bare = Item(id=1, profile=Profile(tempo_bpm=120.0))
    vectors = network.vectors(Catalogue([named])), network.vectors(Catalogue([bare]))
    np.testing.assert_array_equal(*vectors)


def test_the_state_is_explicit(network: Network) -> None:
    """Two sessions by turns are what each is alone; the longest one has more plays than positions are told apart."""
    vectors = network.vectors(two_sorts())
    ways = [[0, 2, 4, 6, 8] * 10, [1, 3, 5, 7, 9] * 10]
    together = [network.start(), network.start()]
    for rows in zip(*ways, strict=True):
        together = [network.step(told, vectors[row]) for told, row in zip(together, rows, strict=True)]
    for told, way in zip(together, ways, strict=True):
        alone = network.start()
        for row in way:
            alone = network.step(alone, vectors[row])
        assert alone.state.shape == (1, 1, HIDDEN) and alone.played == 50
        np.testing.assert_array_equal(alone.query, told.query)
        np.testing.assert_array_equal(alone.state, told.state)
    assert not np.allclose(together[0].query, together[1].query)


def test_a_step_for_each_play_is_the_replay_from_scratch() -> None:
    catalogue = two_sorts()
    played = [0, 4, 1, 8, 2, 11]
    grown, rows = open_deep(catalogue), np.arange(len(catalogue))
    for n in range(1, len(played) + 1):
        session = Session(rows=np.array(played[:n], np.int64))
        fresh = open_deep(catalogue)
        np.testing.assert_array_equal(grown.scores(session, rows), fresh.scores(session, rows))
        found = order(grown, len(catalogue), played[:n], 10)
        np.testing.assert_array_equal(found, order(fresh, len(catalogue), played[:n], 10))


@pytest.mark.parametrize("sort", [0, 1])
def test_it_prefers_what_is_near(sort: int) -> None:
    catalogue = two_sorts()
    played = [sort, sort + 4, sort + 8]
    deep = open_deep(catalogue)
    found = order(deep, len(catalogue), played, 8)
    assert (found % 2 == sort).all(), found
    rest = np.setdiff1d(np.arange(len(catalogue)), played)
    scores = deep.scores(Session(rows=np.array(played)), rest)[:, 0]
    assert scores[rest % 2 == sort].mean() > scores[rest % 2 != sort].mean() + 0.05


@pytest.mark.parametrize("sort", [0, 1])
def test_it_prefers_what_is_near_by_streaming_numbers(sort: int) -> None:
    driving = [streamed(1 + 2 * k, 126.0 + k % 3, 0.85, 0.75, 0.02) for k in range(11)]
    quiet = [streamed(2 + 2 * k, 88.0 + k % 3, 0.25, 0.4, 0.85) for k in range(11)]
    catalogue = Catalogue([item for pair in zip(driving, quiet, strict=True) for item in pair])
    found = order(open_deep(catalogue), len(catalogue), [sort, sort + 4, sort + 8], 8)
    assert (found % 2 == sort).all(), found


def test_of_two_that_sound_alike_it_takes_the_nearer_tempo() -> None:
    """Where the whole set went by tempo, and the others lie a fader's way and more off."""
    near = [scanned(1 + k, 126.0 + 0.5 * (k % 3), 0.7, DARK) for k in range(12)]
    far = [scanned(20 + k, 126.0 * 1.22 + 0.5 * (k % 3), 0.7, DARK) for k in range(12)]
    catalogue = Catalogue([*near, *far])
    found = order(open_deep(catalogue), len(catalogue), list(range(6)), 6)
    assert (found < 12).all(), found
