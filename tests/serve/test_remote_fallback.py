"""A model elsewhere and the local one beside it: whatever becomes of the one elsewhere, the same comes out, and in time."""

import contextlib
import sys
from collections import deque
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import config
from daemon.models import remote, remote_past
from daemon.models.card import ModelError
from daemon.models.contract import TASKS
from daemon.models.fallback import AGAIN_MOST_NS, AGAIN_NS, CALL_NS, Beside, Fallback, RemoteError
from daemon.models.opening import Deadline, News
from daemon.models.remote_address import Address, parse

MS = 1_000_000
LOCAL_NS = 1 * MS


class Time:
    """A clock that moves when work is done."""

    ns = 10**12

    def __call__(self) -> int:
        return self.ns


class Doubling:
    """A graph with its state handed in; the local one."""

    def __init__(self, time: Time) -> None:
        self.time, self.calls = time, 0

    def run(self, names: None, feed: Mapping[str, Any]) -> list[Any]:
        self.calls += 1
        self.time.ns += LOCAL_NS
        return [feed["state"] * 3 % 65537]


class Fickle:
    """The same graph elsewhere; each call takes so many ms, or fails after them, as `fate` says: (ms, does it fail)."""

    def __init__(self, time: Time, fate: list[tuple[int, bool]], looks: list[str]) -> None:
        self.time, self.fate, self.looks = time, deque(fate), deque(looks)
        self.calls, self.looked, self.dropped = 0, 0, 0
        self.longest = 0.0

    def look(self, timeout_s: float) -> str:
        self.looked += 1
        fate = self.looks.popleft() if self.looks else ""
        if fate == "gone":
            raise RemoteError("gone")
        if fate == "refused":
            raise ModelError("of another shape")
        return "7"

    def run(self, graph: str, feed: Mapping[str, Any], timeout_s: float) -> list[Any]:
        self.calls += 1
        assert 0 < timeout_s <= CALL_NS / 1e9
        ms, fails = self.fate.popleft() if self.fate else (2, False)
        took = min(ms * MS, round(timeout_s * 1e9))
        self.time.ns += took
        if fails or ms * MS > timeout_s * 1e9:
            raise RemoteError("no answer")
        return [feed["state"] * 3 % 65537]

    def drop(self) -> None:
        self.dropped += 1


def both(fate: list[tuple[int, bool]], looks: list[str], begin: Callable[..., None] = lambda work: work()) -> Any:
    time, news, deadline = Time(), deque[News](), Deadline()
    local, elsewhere = Doubling(time), Fickle(time, fate, looks)
    one = Fallback(elsewhere, {"graph": local}, news, deadline, time, begin)
    return one, elsewhere, local, news, deadline, time


FATES = st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=40)
LOOKS = st.lists(st.sampled_from(["", "gone", "refused"]), max_size=6).map(
    lambda looks: ["gone" if looks[:1] == ["refused"] else "", *looks]
)
ANSWERS = st.lists(
    st.tuples(st.integers(1, 30), st.integers(100, 2000), st.integers(0, 40_000)), min_size=1, max_size=8
)


@given(FATES, LOOKS, ANSWERS)
def test_late_gone_or_failing_in_any_order_the_same_comes_out_and_in_time(fate, looks, answers) -> None:
    one, _, _, news, deadline, time = both(fate, looks)
    graph = Beside(one, "graph")
    for calls, due_ms, rest_ms in answers:
        deadline.at_ns = time.ns + due_ms * MS
        state = expected = np.array([calls + 1])
        for _ in range(calls):
            state = graph.run(None, {"state": state})[0]
            expected = expected * 3 % 65537
        assert state == expected
        assert time.ns <= deadline.at_ns, "the local one has half of the time, which is more than it needs"
        time.ns += rest_ms * MS
    states = [one.state for one in news]
    assert all(a != b for a, b in pairwise(states)), "said once each time it changes"
    assert all((one.error == "") == (one.state == "remote") for one in news)


def test_after_a_failure_the_local_one_answers_until_all_is_well_there_again() -> None:
    one, elsewhere, local, news, _, time = both([(2, False), (2, True)], ["", "gone", "gone"])
    feed = {"state": np.array([1])}
    one.run("graph", feed)
    assert (elsewhere.calls, local.calls) == (1, 0)
    one.run("graph", feed)
    assert (elsewhere.calls, local.calls, elsewhere.dropped) == (2, 1, 1)
    for wait_ns, looked in ((AGAIN_NS, 2), (2 * AGAIN_NS, 3), (4 * AGAIN_NS, 4)):
        time.ns += wait_ns - 100 * MS
        one.run("graph", feed)
        assert elsewhere.looked == looked - 1, "it is left alone for twice as long each time"
        time.ns += 200 * MS
        one.run("graph", feed)
        assert elsewhere.looked == looked
        assert elsewhere.calls == 2
    one.run("graph", feed)
    assert elsewhere.calls == 3
    assert [one.state for one in news] == ["remote", "local", "remote"]
    assert "no answer" in news[1].error and "again after 1 s" in news[1].error


def test_what_is_there_but_too_slow_for_an_answer_is_left_in_time() -> None:
    one, elsewhere, local, news, deadline, time = both([(50, False)] * 100, [])
    deadline.at_ns = time.ns + 500 * MS
    for _ in range(40):
        one.run("graph", {"state": np.array([1])})
    assert elsewhere.calls == 5
    assert local.calls == 35
    assert time.ns < deadline.at_ns
    assert "too slow" in news[-1].error


def test_a_whole_answer_from_elsewhere_takes_the_waits_back() -> None:
    one, elsewhere, _, _, deadline, time = both([(1, True)], [""])
    feed = {"state": np.array([1])}
    for _ in range(8):  # it fails whenever it is asked
        one.run("graph", feed)
        elsewhere.fate.append((1, True))
        time.ns += 2 * AGAIN_MOST_NS
        one.run("graph", feed)
    elsewhere.fate.clear()
    for _ in range(2):
        deadline.at_ns = time.ns + 1000 * MS
        one.run("graph", feed)
    elsewhere.fate.append((1, True))
    one.run("graph", feed)
    looked = elsewhere.looked
    time.ns += AGAIN_NS + MS
    one.run("graph", feed)
    assert elsewhere.looked == looked + 1


def test_one_that_comes_back_as_another_model_is_refused_and_the_local_one_goes_on() -> None:
    one, _, local, news, _, time = both([(1, True)], ["", "refused"])
    feed = {"state": np.array([1])}
    one.run("graph", feed)
    time.ns += 2 * AGAIN_NS
    one.run("graph", feed)
    assert [one.state for one in news] == ["remote", "local", "refused"]
    assert "of another shape" in news[-1].error
    assert local.calls == 2


def test_a_model_that_will_not_do_is_refused_when_it_is_opened() -> None:
    with pytest.raises(ModelError, match="of another shape"):
        both([], ["refused"])


def test_while_it_is_looked_for_nothing_waits_and_nobody_looks_twice() -> None:
    begun: list[Callable[[], None]] = []
    one, elsewhere, local, news, _, time = both([], ["gone"], begun.append)
    for _ in range(3):
        time.ns += 2 * AGAIN_NS
        one.run("graph", {"state": np.array([1])})
    assert (len(begun), local.calls, elsewhere.looked) == (1, 3, 1)
    begun[0]()
    one.run("graph", {"state": np.array([1])})
    assert elsewhere.calls == 1
    assert news[-1] == News("remote", "", "7")


def test_an_address_names_a_server_and_what_each_graph_is_called_there() -> None:
    one = parse("kserve+grpc://gpu.local:8001/phrase")
    assert one == Address("grpc", "gpu.local", 8001, "phrase")
    assert one.model("trunk", ["trunk", "pitch"]) == "phrase_trunk"
    assert one.model("harmony", ["harmony"]) == "phrase"
    assert parse("kserve+http://[::1]:80/a").server == "[::1]:80"


@given(st.text(max_size=40).map(lambda text: f"kserve+grpc://{text}") | st.text(max_size=60))
def test_anything_else_is_refused_with_the_way_it_is_written(text: str) -> None:
    with contextlib.suppress(ModelError):
        parse(text)
        return
    with pytest.raises(ModelError, match=r"give kserve\+grpc://HOST:PORT/NAME"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host:1/a",
        "kserve+grpc://host/a",
        "kserve+grpc://host:0/a",
        "kserve+grpc://host:99999/a",
        "kserve+https://host:1/a",
        "kserve+grpc://host:1/",
        "kserve+grpc://host:1/a/b",
        "kserve+grpc://host:1/a\n",
        "http://host:1/a",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="is not the address of a model"):
        parse(text)


@pytest.mark.parametrize("text", ["kserve+grpc://host", "kserve+ftp://host:1/phrase", "http://host:8000/phrase"])
def test_the_config_names_the_key_of_an_address_that_is_none(text: str) -> None:
    with pytest.raises(config.ConfigError, match=r"^models\.phrase: .*give kserve\+grpc://HOST:PORT/NAME"):
        config.parse({"models": {"phrase": text}})
    assert config.parse({"models": {"phrase": "kserve+http://host:8000/phrase"}}).models
    with pytest.raises(config.ConfigError, match=r"^models\.frase: there is no such task; did you mean 'phrase'"):
        config.parse({"models": {"frase": "phrase"}})


def test_without_the_client_library_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grpc", "http"):
        monkeypatch.delitem(sys.modules, f"daemon.models.remote_{name}", raising=False)
        monkeypatch.setitem(sys.modules, f"tritonclient.{name}", None)
        with pytest.raises(ModelError, match=r"pip install 'jamd\[remote\]'"):
            remote.connect(parse(f"kserve+{name}://127.0.0.1:1/phrase"))


@given(st.integers(0, 256))
def test_of_the_past_only_what_is_filled_is_sent(filled: int) -> None:
    along = remote_past.axes(TASKS["phrase"]["trunk"])
    assert len(along) == 9
    assert remote_past.axes(TASKS["phrase"]["pitch"]) == {}
    feed = {name: np.ones(one.shape, one.type) for name, one in TASKS["phrase"]["trunk"].inputs.items()}
    feed["mask"] = np.where(np.arange(256) < filled, 0, -1e9).astype(np.float32)
    sent = remote_past.cut(feed, along)
    places = len(sent["mask"])
    assert places % remote_past.STEP == 0
    assert max(1, filled) <= places < max(1, filled) + remote_past.STEP
    for name, axis in along.items():
        assert sent[name].shape == tuple(places if k == axis else size for k, size in enumerate(feed[name].shape))
    assert sent["token"] is feed["token"]
