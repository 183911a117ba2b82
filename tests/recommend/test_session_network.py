"""The session network: it learns an order, knows strangers by their sound, and says as graphs what it says as a whole."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'jamd[train]'")
pytest.importorskip("onnx", reason="onnx writes the network; it is not installed: pip install 'jamd[train]'")

torch.set_num_threads(1)

from daemon.cli import main  # noqa: E402
from daemon.models.opening import open_folder  # noqa: E402
from daemon.recommend.catalogue import Catalogue  # noqa: E402
from daemon.recommend.deep.deep import Deep  # noqa: E402
from daemon.recommend.deep.model import Network as Graphs  # noqa: E402
from daemon.recommend.item import N_TIMBRE, Item, Profile  # noqa: E402
from daemon.recommend.library.history import Play  # noqa: E402
from daemon.recommend.library.store import Library  # noqa: E402
from daemon.recommend.session import Session  # noqa: E402
from daemon.train.recommender import fit, run  # noqa: E402
from daemon.train.recommender.export import export  # noqa: E402
from daemon.train.recommender.network import Network  # noqa: E402
from daemon.train.recommender.sets import PARTS, Sets, Sitting  # noqa: E402

N = 24  # items that are played, in a ring
SHORT = fit.Plan(epochs=6, steps=(0, 10**6), batch=16, newer=(3.0,))


def item(k: int, sound: int, name: str) -> Item:
    """Items of one `sound` sound alike."""
    timbre = np.random.default_rng(sound).normal(size=N_TIMBRE)
    profile = Profile(tempo_bpm=100.0 + 2 * sound, key=sound % 24, energy=0.02 + 0.04 * sound, timbre=tuple(timbre))
    return Item(id=k + 1, path=f"/m/{k}.wav", title=name, profile=profile)


@pytest.fixture(scope="module")
def ring() -> Sets:
    """After row k comes row k + 1, wherever a session begins; rows N and more are twins, in sound, that nobody plays."""
    items = [item(k, k, f"played {k}") for k in range(N)]
    items += [item(N + k, k, f"stranger {k}") for k in range(N)]
    random = np.random.default_rng(1)
    sittings = [Sitting(str(k), "ann", 86400.0 * k, (int(random.integers(N)) + np.arange(8)) % N) for k in range(240)]
    return Sets(
        "ring", Catalogue(items), dict(zip(PARTS, (sittings[:200], sittings[200:220], sittings[220:]), strict=True))
    )


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def learnt(ring: Sets) -> Network:
    network, _ = fit.fit(ring, ("train",), lambda one: run.judge(one, ring), SHORT, 3.0, 1, silent)
    return network


@pytest.fixture(scope="module")
def folder(ring: Sets, learnt: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network")
    export(learnt, ring, ("train",), path)
    return path


def test_an_order_without_chance_is_learnt(ring: Sets, learnt: Network) -> None:
    """Of twice as many items as are played: it cannot do better than stand each next one first."""
    assert run.judge(learnt, ring, "test") > 0.9
    assert run.judge(Network(len(ring.catalogue)).eval(), ring, "test") < 0.4, "untrained it is lost"


def test_the_graphs_say_what_the_network_says(ring: Sets, learnt: Network, folder: Path) -> None:
    graphs = Graphs(open_folder("next", folder, "ring"))
    items = fit.vectors(learnt, ring).numpy()
    # own vectors are kept as float16
    np.testing.assert_allclose(graphs.vectors(ring.catalogue), items, atol=5e-3)
    assert graphs.knows(ring.catalogue).tolist() == ring.seen("train").tolist()
    rows = [3, 4, 9, 30, 5]
    told = graphs.start()
    state = torch.zeros(1, 1, learnt.hidden)
    for place, row in enumerate(rows):
        told = graphs.step(told, items[row])
        with torch.no_grad():
            query, state = learnt.step(torch.from_numpy(items[row])[None, None], torch.tensor([place]), state)
        np.testing.assert_allclose(told.query, query[0, 0].numpy(), atol=1e-4)
        np.testing.assert_allclose(told.state, state.numpy(), atol=1e-4)
    with torch.no_grad():
        whole, _ = learnt.step(
            torch.from_numpy(items[rows])[None], torch.arange(len(rows)), torch.zeros(1, 1, learnt.hidden)
        )
    np.testing.assert_allclose(told.query, whole[0, -1].numpy(), atol=1e-4)
    assert told.played == len(rows)


def test_what_nobody_played_ranks_by_what_it_sounds_like(ring: Sets, folder: Path) -> None:
    """The stranger that sounds like what comes next stands above the other strangers, mostly far above."""
    deep = Deep(ring.catalogue, Graphs(open_folder("next", folder, "ring")))
    strangers, places = np.arange(N, 2 * N), []
    for start in range(N):
        session = Session(rows=(start + np.arange(4)) % N, at=np.arange(4.0), now=9.0)
        among = deep.scores(session, strangers)
        places.append(int((among[:, 0] > among[(start + 4) % N, 0]).sum()))
        assert not among[:, 1].any(), "the network has seen none of them"
    assert np.mean(places) < 4, places
    allowed = np.ones(2 * N, np.uint8)
    found = deep.candidates(Session(rows=np.array([5, 6, 7]), at=np.arange(3.0), now=9.0), allowed, 10)
    assert found[0] == 8 and len(set(found.tolist())) == 10


def test_the_same_seed_gives_the_same_weights(ring: Sets) -> None:
    small = SHORT._replace(epochs=1)
    one, two, other = (fit.fit(ring, ("train",), None, small, 3.0, seed, silent)[0] for seed in (1, 1, 2))
    for name, weights in one.state_dict().items():
        assert torch.equal(weights, two.state_dict()[name]), name
    assert not torch.equal(one.own.weight, other.own.weight)


def test_own_vectors_are_of_what_was_played_alone(learnt: Network) -> None:
    assert learnt.own.weight[:N].abs().sum(1).min() > 0
    assert not learnt.own.weight[N:].any()


# From the command line.


def jamd(*words: str | Path) -> tuple[int, str, str]:
    found = CliRunner().invoke(main, [str(word) for word in words])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr


def write(path: Path, sets: int) -> Path:
    with Library.open(path) as library:
        ids = library.put([item(k, k, f"T{k}") for k in range(N)], "test")
        for k in range(sets):
            plays = [Play(ids[(5 * k + n) % N], 1e6 + 1000.0 * k + n) for n in range(6)]
            library.history.put("test", str(k), plays, "ann", started=1e6 + 1000.0 * k)
    return path


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sessions."""
    path = tmp_path_factory.mktemp("sets") / "tiny"
    path.mkdir()
    some = [" ".join(f"t{(5 * k + n) % N}" for n in range(6)) for k in range(46)]
    (path / "train.txt").write_text("\n".join(some[:40]))
    (path / "test.txt").write_text("\n".join([*some[40:], "t3 unheard t5"]))
    return path


def test_a_library_is_trained_beside_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "library.db", 20)
    code, _, told = jamd("train", "recommender", path, "--epochs", "1")
    assert code == 0, told
    assert told.count("epoch 1 of 1") >= 2, "once to choose, and once for all"
    made = tmp_path / "library.models"
    assert {"items.onnx", "step.onnx", "own.npz", "card.json", "card.toml"} == {
        one.name for one in made.iterdir()
    }  # too few for a ranking
    assert json.loads((made / "card.json").read_text())["items"] == N
    from daemon.recommend.live.recommender import recommender
    from daemon.recommend.session import Wishes

    with Library.open(path, read_only=True) as library:
        found, why = recommender(library, library.catalogue(), 0, ("content", "collaborative", "deep"))
    assert why == ""
    session = Session(rows=np.array([3, 4]), at=np.array([1.0, 2.0]), now=3.0)
    names = {part.name for one in found.next(session, Wishes(), 5) for part in one.parts}
    assert {"network", "plays"} <= names


def test_a_folder_is_trained_and_scored(lines: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    code, _, told = jamd("train", "recommender", lines, "--out", models / "x", "--epochs", "1")
    assert code == 0, told
    from daemon.scoring import recommend

    kept = models / f"tiny-{recommend._mark(lines)}-1"
    (models / "x").rename(kept)
    words = ("eval", "recommend", "--data", lines.parent, "--models", models)
    code, table, told = jamd(*words)
    assert code == 0, told
    assert told == "", "what is trained is not trained again"
    rows = [line[:22].strip() for line in table.splitlines() if line[22:].strip()]
    wanted = [*recommend.BASELINES, "content alone", "collaborative alone", "deep alone"]
    assert [row for row in rows if row and not row.startswith("tiny")] == [
        *wanted,
        "the blend",
        "the blend, as shipped",
    ]
    code, out, _ = jamd(*words, "--only", "tiny", "--json")
    found = {one["method"]: one for one in map(json.loads, out.splitlines())}
    assert {one["n"] for one in found.values()} == {6 * 5 + 2}
    assert found["rules"]["mrr20"] > 0.8 > found["popularity"]["mrr20"]
    assert found["the blend"]["mrr20"] > found["popularity"]["mrr20"]
    assert found["rules"]["n_cold"] == 1
    code, out, told = jamd(*words, "--only", "huge")
    assert (code, out) == (1, "") and "no set 'huge' here; there is tiny" in told


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: write(path / "l.db", 4), "4 sets of two tracks or more were played; 10 are needed"),
        (lambda path: path / "nowhere.db", "nowhere.db"),
        (lambda path: path, "no sessions here"),
    ],
)
def test_what_cannot_be_learnt_from_is_said_in_a_line(make, words: str, tmp_path: Path) -> None:
    code, out, told = jamd("train", "recommender", make(tmp_path), "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert words in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_too_little_or_of_much_is_said(tmp_path: Path, lines: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "train.txt").write_text("a b\n" * 12)
    (few / "test.txt").write_text("a b\n")
    code, _, told = jamd("train", "recommender", few, "--out", tmp_path / "out")
    assert code == 1 and "12 sessions of two plays or more to learn from and 0 to choose by" in told
    code, _, told = jamd("train", "recommender", lines)
    assert code == 1 and "--out FOLDER" in told
    (tmp_path / "more").mkdir()
    for name in ("train.txt", "test.txt"):
        (tmp_path / "more" / name).write_text("a b\n")
    code, _, told = jamd("train", "recommender", tmp_path, "--out", tmp_path / "out")
    assert code == 1 and "holds 2 data sets" in told
