"""Every store of vectors against the slow and obvious way, by one contract; then what only one of them does."""

import os
import socket
import sqlite3
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon import registry
from daemon.recommend.library import schema
from daemon.recommend.vectors import meanwhile
from daemon.recommend.vectors.exact import Exact
from daemon.recommend.vectors.meanwhile import Meanwhile
from daemon.recommend.vectors.qdrant import Qdrant
from daemon.recommend.vectors.store import VectorError, Vectors, opened

WIDTH = 24


def naive(ids, matrix, query, k, allowed=None):
    """The whole product, sorted."""
    scores = matrix @ query / np.linalg.norm(matrix, axis=1) / np.linalg.norm(query)
    may = [allowed is None or (i < len(allowed) and allowed[i]) for i in ids]
    ranked = sorted((-score, i) for i, score, ok in zip(ids, scores, may, strict=True) if ok)
    return [i for _, i in ranked[:k]], [-score for score, _ in ranked[:k]]


def some_vectors(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.permutation(3 * n)[:n], rng.standard_normal((n, WIDTH)).astype(np.float32) * rng.uniform(0.1, 9, (n, 1))


class Contract:
    """What every store does. A subclass says how to open one."""

    def open(self, folder: Path, model: str = "abc", width: int = WIDTH) -> Vectors:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path):
        store = self.open(tmp_path)
        yield store
        store.close()

    def same(self, store, ids, matrix, k=10, allowed=None, seed=1):
        query = np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
        found, scores = store.search(query, k, allowed)
        expected, values = naive(ids, matrix, query, k, allowed)
        assert len(found) == len(set(found.tolist())) == len(expected)
        assert (found.dtype, scores.dtype) == (np.int64, np.float32)
        assert np.allclose(scores, values, atol=2e-5)
        everyone = dict(zip(*naive(ids, matrix, query, len(ids), allowed), strict=True))
        assert np.allclose([everyone[i] for i in found.tolist()], values, atol=2e-5)  # two as near may change places

    @pytest.mark.parametrize("k", [1, 10, 100])
    def test_nearest(self, store, k):
        ids, matrix = some_vectors(600)
        store.put(ids, matrix)
        assert len(store) == 600
        for seed in range(10):
            self.same(store, ids, matrix, k, seed=seed)

    def test_filter(self, store):
        ids, matrix = some_vectors(600)
        store.put(ids, matrix)
        rng = np.random.default_rng(5)
        for share in (0.9, 0.3, 0.02):
            self.same(store, ids, matrix, allowed=(rng.random(1800) < share).astype(np.uint8))
        self.same(store, ids, matrix, allowed=np.ones(300, np.uint8))  # what lies beyond the mask is not allowed
        assert store.search(matrix[0], 5, np.zeros(1800, np.uint8))[0].size == 0

    def test_a_wide_filter_of_which_little_is_near(self, store):
        """More ids than are named to a server, and the nearest are none of them."""
        rng = np.random.default_rng(2)
        ids, matrix = np.arange(1500), rng.standard_normal((1500, WIDTH)).astype(np.float32)
        query = matrix[0]
        far = np.argsort(matrix @ query / np.linalg.norm(matrix, axis=1))[:1100]
        allowed = np.zeros(1500, np.uint8)
        allowed[far] = 7
        store.put(ids, matrix)
        assert store.search(query, 8, allowed)[0].tolist() == naive(ids, matrix, query, 8, allowed)[0]

    def test_more_than_there_is(self, store):
        ids, matrix = some_vectors(7)
        store.put(ids, matrix)
        self.same(store, ids, matrix, k=50)

    def test_empty(self, store):
        assert len(store) == 0
        for k in (0, 5):
            ids, scores = store.search(np.ones(WIDTH), k)
            assert ids.size == scores.size == 0

    def test_remove(self, store):
        ids, matrix = some_vectors(50)
        store.put(ids, matrix)
        store.remove(np.concatenate((ids[:20], [999])))
        assert len(store) == 30
        self.same(store, ids[20:], matrix[20:], k=30)

    def test_put_again(self, store):
        ids, matrix = some_vectors(50)
        store.put(ids[:30], matrix[:30])
        store.put(ids[20:], -matrix[20:])
        assert len(store) == 50
        self.same(store, ids, np.concatenate((matrix[:20], -matrix[20:])), k=50)

    def test_ties_are_broken_by_id(self, store):
        ids = np.random.default_rng(0).permutation(300)
        store.put(ids, np.ones((300, WIDTH), np.float32))
        assert store.search(np.ones(WIDTH), 300)[0].tolist() == list(range(300))

    def test_the_same_twice(self, store):
        ids, matrix = some_vectors(200)
        store.put(ids, matrix)
        first, second = (store.search(matrix[3], 40) for _ in range(2))
        assert first[0].tolist() == second[0].tolist()
        assert first[1].tobytes() == second[1].tobytes()

    @pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
    def test_without_direction(self, store, bad):
        ids, matrix = some_vectors(5)
        store.put(ids, matrix)
        worse = matrix.copy()
        worse[2] = bad
        with pytest.raises(VectorError, match=f"id {ids[2]} has no direction"):
            store.put(ids, worse)
        with pytest.raises(VectorError, match="query has no direction"):
            store.search(worse[2], 3)
        self.same(store, ids, matrix)  # nothing has changed

    def test_refused(self, store):
        ids, matrix = some_vectors(5)
        with pytest.raises(VectorError, match="24 numbers"):
            store.put(ids, matrix[:, :23])
        with pytest.raises(VectorError, match="24 numbers"):
            store.search(np.ones(25), 3)
        with pytest.raises(VectorError, match="for 4 ids"):
            store.put(ids[:4], matrix)
        with pytest.raises(VectorError, match="whole numbers"):
            store.put(-1 - ids, matrix)
        with pytest.raises(VectorError, match="comes twice"):
            store.put(np.zeros(5, np.int64), matrix)
        assert len(store) == 0

    def test_models_are_not_mixed(self, tmp_path):
        ids, matrix = some_vectors(20)
        store = self.open(tmp_path, "abc")
        store.put(ids, matrix)
        store.close()
        store = self.open(tmp_path, "other", 8)
        assert len(store) == 0
        store.put(ids[:5], matrix[:5, :8])
        store.close()
        store = self.open(tmp_path, "abc")
        assert len(store) == 20
        self.same(store, ids, matrix)
        store.close()
        with pytest.raises(VectorError, match=r"24|96"):
            self.open(tmp_path, "abc", 8)
        with pytest.raises(VectorError, match="named by its hash"):
            self.open(tmp_path, "../x")


def library(folder: Path) -> str:
    """An empty library with items 0 to 1999."""
    path = folder / "library.db"
    if not path.exists():
        connection = sqlite3.connect(path, isolation_level=None)
        schema.migrate(connection)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO items (id) VALUES (?)", ((k,) for k in range(2000)))
        connection.execute("COMMIT")
        connection.close()
    return str(path)


class TestExact(Contract):
    def open(self, folder, model="abc", width=WIDTH):
        return Exact(model, width, library(folder))

    def test_what_is_removed_stays_removed(self, tmp_path):
        ids, matrix = some_vectors(20)
        store = self.open(tmp_path)
        store.put(ids, matrix)
        store.remove(ids[:5])
        again = self.open(tmp_path)
        self.same(again, ids[5:], matrix[5:])

    def test_of_no_item(self, tmp_path):
        store = self.open(tmp_path)
        with pytest.raises(VectorError, match="no item of this library: scan first"):
            store.put(np.array([1, 5000]), np.ones((2, WIDTH)))
        assert len(store) == len(self.open(tmp_path)) == 0

    def test_no_library(self, tmp_path):
        (tmp_path / "library.db").write_bytes(b"no database, " * 100)
        with pytest.raises(VectorError, match=r"library\.db: its vectors cannot be reached: file is not a database"):
            self.open(tmp_path)

    @given(seed=some.integers(0, 999), n=some.integers(1, 300), width=some.integers(1, 70), k=some.integers(1, 400))
    @settings(max_examples=40, deadline=None)
    def test_any_shape(self, seed, n, width, k):
        rng = np.random.default_rng(seed)
        matrix, query = rng.standard_normal((n, width)), rng.standard_normal(width)
        store = Exact("abc", width)
        store.put(np.arange(n), matrix)
        ids, scores = store.search(query, k)
        _, expected = naive(np.arange(n), matrix, query, k)
        assert len(ids) == len(set(ids.tolist())) == min(n, k)
        assert np.allclose(scores, expected, atol=1e-4)

    def test_ties_at_the_end_of_the_list(self):
        """What is better and comes later takes the place of the last of those that are alike."""
        matrix = np.ones((500, WIDTH), np.float32)
        matrix[:450, 0] = 3
        store = Exact("abc", WIDTH)
        store.put(np.arange(500), matrix)
        assert store.search(np.ones(WIDTH), 60)[0].tolist() == [*range(450, 500), *range(10)]

    def test_recall(self):
        """Where all are near each other and int8 alone would mistake them."""
        rng = np.random.default_rng(0)
        matrix = rng.standard_normal((50, 64))[rng.integers(0, 50, 20000)] + 0.3 * rng.standard_normal((20000, 64))
        store = Exact("abc", 64)
        store.put(np.arange(20000), matrix)
        lengths, hits = np.linalg.norm(matrix, axis=1), 0
        for query in matrix[:50]:
            truth = np.argsort(-(matrix @ query / lengths))[:20]
            hits += np.isin(store.search(query, 20)[0], truth).sum()
        assert hits >= 995  # of 1,000


class TestQdrant(Contract):
    """The embedded twin: in a folder, which costs a transaction a vector, only where that is what is tested."""

    place = ":memory:"

    def open(self, folder, model="abc", width=WIDTH):
        pytest.importorskip("qdrant_client", reason="pip install 'jamd[qdrant]'")
        return Qdrant(model, width, self.place or str(folder / "qdrant"))

    def test_models_are_not_mixed(self, tmp_path):
        self.place = ""
        super().test_models_are_not_mixed(tmp_path)

    @pytest.mark.filterwarnings(
        "ignore::pytest.PytestUnraisableExceptionWarning"
    )  # the client leaves its lock file open
    def test_locked(self, tmp_path):
        self.place = ""
        store = self.open(tmp_path)
        with pytest.raises(VectorError, match=r"Qdrant at .* does not answer"):
            self.open(tmp_path)
        store.close()


@pytest.mark.skipif(
    "JAMD_TEST_QDRANT" not in os.environ, reason="JAMD_TEST_QDRANT names no Qdrant server (http://HOST:PORT)"
)
class TestServer(Contract):
    @pytest.fixture(autouse=True)
    def _own_names(self):
        self._mine = uuid.uuid4().hex[:8]

    def open(self, folder, model="abc", width=WIDTH):
        return Qdrant(f"{self._mine}-{model}" if "/" not in model else model, width, os.environ["JAMD_TEST_QDRANT"])


class TestMeanwhile(Contract):
    """With a server that is there."""

    def open(self, folder, model="abc", width=WIDTH):
        pytest.importorskip("qdrant_client", reason="pip install 'jamd[qdrant]'")
        return opened("qdrant::memory:", model, width, library(folder))

    def test_models_are_not_mixed(self, tmp_path):
        pytest.skip("what it is made of is tested so")


class Failing:
    """A server that can be cut off."""

    def __init__(self):
        self.store, self.works = Exact("abc", WIDTH), True

    def connect(self):
        if not self.works:
            raise VectorError("cut off")
        return self

    def __getattr__(self, name):
        def call(*arguments):
            if not self.works:
                raise VectorError("cut off")
            return getattr(self.store, name)(*arguments)

        return call

    def __len__(self):
        return self.__getattr__("__len__")()

    def close(self):
        pass


def test_a_server_that_goes_and_comes(monkeypatch):
    server, said = Failing(), []
    now = [100.0]
    monkeypatch.setattr(meanwhile.time, "monotonic", lambda: now[0])
    local = Exact("abc", WIDTH)
    store = Meanwhile(server.connect, local, said.append)
    ids, matrix = some_vectors(40)
    store.put(ids[:20], matrix[:20])
    assert len(server.store) == len(local) == 20
    server.store.remove(ids[:1])  # so that answers differ
    assert store.search(matrix[0], 1)[0][0] != ids[0]
    server.works = False
    for _ in range(3):
        assert store.search(matrix[0], 1)[0][0] == ids[0]
        now[0] += 100
    store.put(ids[20:], matrix[20:])
    store.remove(ids[20:25])
    assert (len(store), len(server.store)) == (35, 19)
    assert said == ["vectors: cut off; those on this machine answer meanwhile"]
    server.works = True
    store.search(matrix[0], 1)
    assert len(server.store) == 19  # not yet asked again
    now[0] += 100
    store.search(matrix[0], 1)
    assert len(server.store) == 34
    assert said[1:] == ["vectors: the server is back"]


def test_nobody_listens(tmp_path):
    pytest.importorskip("qdrant_client", reason="pip install 'jamd[qdrant]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}"
        said = []
        store = opened(f"qdrant:{place}", "abc", WIDTH, library(tmp_path), said.append)
        ids, matrix = some_vectors(30)
        store.put(ids, matrix)
        assert store.search(matrix[4], 1)[0].tolist() == [ids[4]]
        store.close()
    assert len(said) == 1
    assert "\n" not in said[0]
    assert place in said[0]
    assert "is it running there?" in said[0]


@pytest.mark.parametrize("choice", ["", "faiss", "exact:here", "qdrant", "qdrant:"])
def test_no_such_store(choice):
    with pytest.raises(VectorError, match="choose exact, qdrant:http"):
        opened(choice, "abc", WIDTH)


def test_every_store_is_tested():
    assert set(registry.VECTORS) == {"exact", "qdrant"}
