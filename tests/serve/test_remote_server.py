"""Models on a real server of the Open Inference Protocol: the same answers as here, and from here where it fails."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from daemon import messages as m
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.deep.phrase import Neural
from daemon.generate.live.link import Made
from daemon.generate.live.worker import Worker
from daemon.generate.note import Note, Played
from daemon.models import fallback, remote_grpc
from daemon.models.card import ModelError
from daemon.models.contract import TASKS
from daemon.models.opening import Opened, open_model
from tests.serve.remote_stage import Served, needs_mlserver

pytestmark = needs_mlserver

BAR = 96
TUNE = tuple(Played(12 * k, 12, (67, 69, 71, 74, 71, 69, 67, 62)[k % 8], 80, 0) for k in range(16))
CONTEXT = Context(tick=2 * BAR, heard=TUNE, tonic=7, key_confidence=0.9)
PHRASE = "answer", "neural", "daemon.generate.deep.phrase:Neural"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("served") / "models")
    graph = "harmony/harmony_int8.onnx"
    one.add("kind", "remote_wrong.Told", graph, input="past", datatype="INT32")
    one.add("shape", "remote_wrong.Told", graph, input="state", shape=[1, 128])
    one.add("open", "remote_wrong.Told", graph, input="state", shape=[-1, -1])
    for what in ("inf", "short", "double"):
        one.add(what, "remote_wrong.Given", graph, after=2, output="bass", what=what)
    try:
        one.start()
        yield one
    finally:
        one.kill()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On shared cores a call may take longer than a band would wait for it."""
    monkeypatch.setattr(fallback, "CALL_NS", 30 * 10**9)
    monkeypatch.setattr(fallback, "LOOK_S", 30.0)


def fed(task: str, graph: str, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        name: rng.integers(0, 2, shape) if one.type == "int64" else rng.normal(size=shape).astype(np.float32)
        for name, one in TASKS[task][graph].inputs.items()
        for shape in ([3 + seed if isinstance(size, str) else size for size in one.shape],)
    }


class Never:
    """A graph that is not to be asked."""

    def run(self, names: None, feed: Any) -> list[Any]:
        raise AssertionError("this was to be asked elsewhere")


def alone(opened: Opened) -> Opened:
    """It, with no local model to fall back on."""
    for graph in opened.graphs.values():
        graph._both._local = dict.fromkeys(opened.graphs, Never())  # type: ignore[attr-defined]
    return opened


@pytest.mark.parametrize("protocol", ["grpc", "http"])
@pytest.mark.parametrize("task", ["harmony", "phrase", "next"])
def test_each_graph_gives_the_same_there_as_here(served: Served, protocol: str, task: str) -> None:
    local, remote = open_model(task, "own"), alone(open_model(task, served.address(protocol, task)))
    assert [one.state for one in remote.news] == ["remote"]
    for graph in TASKS[task]:
        for seed in range(2):
            feed = fed(task, graph, seed)
            for here, there in zip(
                local.graphs[graph].run(None, feed), remote.graphs[graph].run(None, feed), strict=True
            ):
                assert there.dtype == here.dtype
                np.testing.assert_allclose(there, here, atol=1e-5)


def test_the_same_seed_gives_the_same_phrase_there_as_here(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    local = Neural(open_model("phrase", "own"), drawn=1)
    remote = Neural(alone(open_model("phrase", served.address("grpc", "phrase"))), drawn=1)
    expected = local.play(CONTEXT, Constraints(seed=3), BAR)
    assert len(expected) > 2
    sent: list[int] = []
    infer = remote_grpc.Grpc.infer

    def counted(self: Any, model: str, feed: Any, *more: Any) -> Any:
        sent.append(sum(values.nbytes for _, values in feed.values()))
        return infer(self, model, feed, *more)

    monkeypatch.setattr(remote_grpc.Grpc, "infer", counted)
    assert remote.play(CONTEXT, Constraints(seed=3), BAR) == expected
    assert 80_000 < max(sent) < 200_000, "of the past what there is: 16 to 32 notes of 256"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody", "has no model 'nobody'"),
        ("phrase_pitch", "input 'row' of model 'phrase_pitch' is missing, wanted is FP32 [1, 136]"),
        ("kind", "input 'past' of model 'kind' is INT32 [1], wanted is INT64 [1]"),
        ("shape", "input 'state' of model 'shape' is FP32 [1, 128], wanted is FP32 [1, 256]"),
    ],
)
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_model_that_is_absent_or_another_is_refused_with_what_it_is(
    served: Served, protocol: str, name: str, reason: str
) -> None:
    with pytest.raises(ModelError) as refused:
        open_model("harmony", served.address(protocol, name))
    assert reason in str(refused.value)


def test_what_the_server_leaves_open_is_no_other_shape(served: Served) -> None:
    assert [one.state for one in open_model("harmony", served.address("grpc", "open")).news] == ["remote"]


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("inf", "came not finite"),
        ("short", "'bass' of 'short' came as FP32 [1, 11], wanted is FP32 [1, 12]"),
        ("double", "FP64"),
    ],
)
def test_an_answer_that_is_none_is_made_here(served: Served, what: str, reason: str) -> None:
    local, remote = open_model("harmony", "own"), open_model("harmony", served.address("grpc", what))
    for seed in range(3):  # it has been tried once; the third is wrong
        feed = fed("harmony", "harmony", seed)
        for here, there in zip(
            local.graphs["harmony"].run(None, feed), remote.graphs["harmony"].run(None, feed), strict=True
        ):
            np.testing.assert_allclose(there, here, atol=1e-5)
    assert [one.state for one in remote.news] == ["remote", "local"]
    assert reason in remote.news[-1].error


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_no_server_and_one_that_speaks_something_else(served: Served, protocol: str) -> None:
    other = served.http if protocol == "grpc" else served.grpc
    for port in (1, other):
        begun = time.monotonic()
        one = open_model("harmony", f"kserve+{protocol}://127.0.0.1:{port}/harmony")
        assert time.monotonic() - begun < 60
        assert [news.state for news in one.news] == ["local"]
        assert f"127.0.0.1:{port}" in one.news[0].error
        assert len(one.graphs["harmony"].run(None, fed("harmony", "harmony", 0))) == 4


class Playing:
    """A generator process that asks its phrases elsewhere, and what it says."""

    def __init__(self, address: str) -> None:
        self.worker = Worker({"JAMD_MODEL_PHRASE": address})
        self.said: list[m.Model] = []
        self.worker.want(*PHRASE)
        self.until(lambda: self.worker.is_ready(*PHRASE[:2]))

    def until(self, done: Callable[[], object], seconds: float = 60.0) -> None:
        ends_at = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends_at, f"not in time; it said {self.said}"
            self.said += [one for one in self.worker.turn() if isinstance(one, m.Model)]
            time.sleep(0.005)

    def ask(self, meanwhile: Callable[[], None] = lambda: None, due_s: float = 20.0) -> list[Note]:
        """Notes; before they were due."""
        due = time.monotonic() + due_s
        number = self.worker.ask(*PHRASE[:2], CONTEXT, Constraints(seed=3), 2 * BAR, round(due * 1e9))
        meanwhile()
        found: list[Any] = []
        self.until(lambda: found.append(one) if (one := self.worker.take(number)) else found)
        assert time.monotonic() < due
        assert isinstance(found[0], Made), found
        return found[0].notes

    @property
    def state(self) -> str:
        return self.said[-1].state if self.said else ""


@pytest.fixture
def playing(served: Served) -> Iterator[Playing]:
    one = Playing(served.address("grpc", "phrase"))
    yield one
    one.worker.close()


def test_killed_or_hanging_in_a_phrase_the_answer_comes_in_time_and_the_wire_says_who_answers(
    served: Served, playing: Playing
) -> None:
    expected = Neural(open_model("phrase", "own")).play(CONTEXT, Constraints(seed=3), 2 * BAR)
    assert len(expected) > 4
    playing.until(lambda: playing.state == "remote")
    assert playing.said[-1].name == served.address("grpc", "phrase")

    def amid(act: Callable[[], None]) -> Callable[[], None]:
        return lambda: (time.sleep(0.1), act())[1]  # an answer of six notes, three times, takes longer than that there

    def gone() -> str:
        """Why."""
        while playing.state != "local":
            assert playing.ask() == expected
        return playing.said[-1].error

    def comes_back() -> None:
        begun, ends_at = len(playing.said), time.monotonic() + 90
        while all(one.state != "remote" for one in playing.said[begun:]):
            assert time.monotonic() < ends_at, [(one.state, one.error) for one in playing.said]
            assert playing.ask() == expected
            time.sleep(0.2)

    assert playing.ask(amid(served.kill)) == expected
    assert "the local model answers" in gone()
    served.start()
    comes_back()

    assert playing.ask(amid(served.stop)) == expected
    assert "no answer within" in gone()
    served.go_on()
    comes_back()
