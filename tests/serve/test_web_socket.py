"""The websocket of a page: what it is shown of a daemon, what it may command, and what the slow and the wrong ones cost."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from daemon import messages as m
from tests.serve.web_stage import TOKEN, Daemon, Server, served

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
def band(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon."""
    one = Daemon(tmp_path)
    yield one
    one.close()


@pytest.fixture
def server(band: Daemon) -> Iterator[Server]:
    """That follows it."""
    with served(**band.addresses) as one:
        band.has_joined()
        yield one


def _open(server: Server, **more: Any) -> ClientConnection:
    return connect(f"ws://{server.place}/ws", open_timeout=20, max_size=None, compression=None, **more)


def _hear(page: ClientConnection, kind: str = "frame") -> dict:
    """The next of this kind."""
    while True:
        said = json.loads(page.recv(timeout=20))
        if said["kind"] == kind:
            return said


def _events(page: ClientConnection, kind: str, n: int) -> list[dict]:
    """Of so many events of a type, from as many frames as that takes."""
    found: list[dict] = []
    while len(found) < n:
        found += [event for event in _hear(page)["events"] if event["type"] == kind]
    return found


def _level(number: int, peak: float = 0.5) -> m.Level:
    return m.Level(peak=peak, rms=0.1, momentary_lufs=-20.0, short_term_lufs=-20.0, known_at=number, rate=48000)


def _beat(number: int) -> m.Beat:
    return m.Beat(tempo_bpm=120.0, confidence=1.0, position=1, seq=number, known_at=number, rate=48000)


def test_a_page_is_told_all_that_is_known_and_then_all_that_is_new(band: Daemon, server: Server) -> None:
    band.publisher.publish(m.Engine(state="running", driver="jack"))
    band.publisher.publish(m.Dmx(universe=1, levels=[1, 2]))
    band.publisher.publish(m.Dmx(universe=2, levels=[3]))
    time.sleep(0.5)
    with _open(server) as page:
        hello = _hear(page, "hello")
        assert {one["type"] for one in hello["state"]} == {"engine", "dmx"} and len(hello["state"]) == 3
        assert (hello["control"], hello["needs_token"], hello["daemon"]) == (True, False, True)
        for number in range(5):
            band.publisher.publish(_level(number, peak=number / 5))
        band.publisher.publish(m.Chroma(tuning_cents=3.0, chroma=[0.5] * 12))
        band.publisher.publish(m.Onset(strength=0.5, band="low", seq=7))
        (onset,) = _events(page, "onset", 1)
        assert onset["seq"] == 7
        band.publisher.publish(m.Chroma(tuning_cents=4.0, chroma=[0.25] * 12))
        assert _hear(page)["chroma"] == {"tuning_cents": 4.0, "chroma": [0.25] * 12}


def test_of_what_comes_each_hop_a_frame_has_the_highest(band: Daemon, server: Server) -> None:
    with _open(server) as page:
        _hear(page, "hello")
        highest = 0.0
        for number in range(1000):
            band.publisher.publish(_level(number, peak=1.0 if number == 500 else 0.25))
        frames = 0
        while (frame := _hear(page))["now"] < 999:
            highest, frames = max(highest, frame["level"]["peak"]), frames + 1
        assert max(highest, frame["level"]["peak"]) == 1.0 and frames < 500


def test_an_engine_that_begins_anew_is_seen(band: Daemon, server: Server) -> None:
    with _open(server) as page:
        band.publisher.publish(msgspec.structs.replace(_level(90_000), epoch=1))
        assert (frame := _hear(page))["epoch"] == 1 and frame["now"] == 90_000
        band.publisher.publish(msgspec.structs.replace(_level(10), epoch=2))
        while (frame := _hear(page))["epoch"] != 2:
            pass
        assert frame["now"] == 10


def test_commands_go_to_the_daemon_and_answers_come_back_by_their_id(band: Daemon, server: Server) -> None:
    with _open(server) as one, _open(server) as other:
        for page, name in ((one, "a"), (other, "b")):
            for number in range(8):
                page.send(json.dumps({"id": [name, number], "do": [{"cmd": "set", "value": name}]}))
        for page, name in ((one, "a"), (other, "b")):
            answers = [_hear(page, "answer") for _ in range(8)]
            assert sorted(answer["id"] for answer in answers) == [[name, number] for number in range(8)]
            assert all(answer["ok"] and answer["results"][0]["value"] == name for answer in answers)
        for name in ("analyse", "generate", "recommend", "cancel"):  # the daemon could not tell pages apart
            one.send(json.dumps({"id": 1, "do": [{"cmd": "list"}, {"cmd": name, "id": ["b", 1]}]}))
            error = _hear(one, "answer")["error"]
            assert error["code"] == 400 and name in error["text"]
    assert len(band.taken) == 16


def test_requests_under_way_are_bounded(band: Daemon, server: Server) -> None:
    band.is_silent = True
    with _open(server) as page:
        for number in range(20):
            page.send(json.dumps({"id": number, "do": [{"cmd": "list"}]}))
        codes = [_hear(page, "answer")["error"]["code"] for _ in range(4)]
        assert codes == [429] * 4
    with _open(server) as page:  # what the first one asked is not waited for any more
        band.is_silent = False
        page.send(json.dumps({"id": 1, "do": [{"cmd": "list"}]}))
        assert _hear(page, "answer")["ok"]


def test_beyond_this_machine_only_who_has_the_token_controls(band: Daemon) -> None:
    with served(is_here=False, **band.addresses) as server, _open(server) as page:
        assert _hear(page, "hello")["needs_token"]
        command = {"id": 1, "do": [{"cmd": "list"}]}
        for said in (
            command,
            {"token": ""},
            {"token": TOKEN[:-1]},
            {"token": TOKEN + "\u00e9"},
            {"token": "wrong"} | command,
        ):
            page.send(json.dumps(said))
            assert _hear(page, "answer")["error"]["code"] == 401
        assert not band.taken
        page.send(json.dumps({"token": TOKEN}))
        assert _hear(page, "answer")["ok"]
        page.send(json.dumps(command))
        assert _hear(page, "answer")["ok"]


def test_without_a_daemon_there_is_nothing_to_control() -> None:
    with served() as server, _open(server) as page:
        assert not _hear(page, "hello")["daemon"]
        page.send(json.dumps({"id": 1, "do": [{"cmd": "list"}]}))
        error = _hear(page, "answer")["error"]
        assert error["code"] == 409 and "jamd run" in error["text"]


def test_other_sites_are_refused(server: Server) -> None:
    assert b" 403 " in server.raw(UPGRADE.replace(b"localhost", b"evil.example"))
    with pytest.raises(InvalidStatus, match="403"):
        _open(server, additional_headers={"Sec-Fetch-Site": "cross-site"}).__enter__()
    with pytest.raises(InvalidStatus, match="403"):
        _open(server, origin="http://evil.example").__enter__()
    with _open(server, origin=f"http://{server.place}"):
        pass
    with pytest.raises(InvalidStatus, match="404"):
        connect(f"ws://{server.place}/other").__enter__()


def test_pages_that_do_not_read_cost_a_bounded_memory_and_nobody_else_anything(band: Daemon, server: Server) -> None:
    deaf = [_deaf(server) for _ in range(50)]
    with _open(server) as page:
        _hear(page, "hello")

        def flood(rounds: int) -> None:
            for number in range(rounds):
                for _ in range(20):
                    band.publisher.publish(m.Osc(address="/" + 1000 * "x", arguments=[number]))
                band.publisher.publish(_beat(number))
                assert _events(page, "beat", 1)[-1]["seq"] == number

        flood(30)  # 50 pages' sockets are full by now
        before = server.memory
        flood(40)
        assert server.memory - before < 30 << 20  # of 40 frames of 24 kB for each of 50 pages it would have been 48 MB
        descriptors = server.descriptors
    for end in deaf:
        end.close()
    until = time.monotonic() + 10
    while server.descriptors > descriptors - 50 and time.monotonic() < until:
        time.sleep(0.05)
    assert server.descriptors <= descriptors - 50


def _deaf(server: Server) -> socket.socket:
    """A page that opens its websocket and never reads."""
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    end.connect(("127.0.0.1", server.port))
    end.sendall(UPGRADE)
    return end


def test_a_slow_page_gets_what_it_missed_merged(band: Daemon, server: Server) -> None:
    with _open(server, max_queue=1) as slow, _open(server) as page:
        _hear(slow, "hello")
        _hear(page, "hello")
        time.sleep(0.1)
        for number in range(60):
            for _ in range(150):
                band.publisher.publish(m.Osc(address="/" + 1000 * "x", arguments=[number]))
            band.publisher.publish(m.Dmx(universe=number + 1, levels=[number]))
            assert _events(page, "dmx", 1)[0]["universe"] == number + 1
        found: list[int] = []
        lost = 0
        while len(found) < 60:
            frame = _hear(slow)
            assert len(frame["events"]) <= 260
            found += [event["universe"] for event in frame["events"] if event["type"] == "dmx"]
            lost += frame["lost"]
        assert found == list(range(1, 61)) and lost > 1000


def test_more_pages_than_there_is_room_for_are_told_so(server: Server) -> None:
    with contextlib.ExitStack() as many:
        for _ in range(64):
            many.enter_context(_open(server))
        with pytest.raises(InvalidStatus, match="503"):
            _open(server).__enter__()
    with _open(server) as page:
        assert _hear(page, "hello")


FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
SAID = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40),
    VALUES.map(json.dumps),
    st.fixed_dictionaries({}, optional={"id": VALUES, "do": VALUES, "token": VALUES}).map(json.dumps),
    st.just("[" * 60_000),
    st.just('{"do":' * 9_000),
    st.just('{"id": 1, "do": [' + "[" * 2000 + "]" * 2000 + "]}"),
)


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a daemon, for all the examples."""
    band = Daemon(tmp_path_factory.mktemp("web"))
    with served(**band.addresses) as one:
        yield one
    band.close()


@FEW
@given(st.lists(SAID, min_size=1, max_size=4))
def test_a_page_may_say_anything_and_is_answered(lone: Server, said: list[str | bytes]) -> None:
    with _open(lone) as page:
        for one in said:
            page.send(one)
        page.send('{"id": "last", "do": [{"cmd": "list"}]}')
        answers = 0
        while (answer := _hear(page, "answer"))["id"] != "last":
            assert answer.get("ok") or answer["error"]["code"] in (400, 401, 413)
            answers += 1
        assert answer["ok"] and answers <= 2 * len(said)


def test_a_message_that_is_too_long_ends_the_page(lone: Server) -> None:
    with _open(lone) as page:
        page.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as closed:
            _hear(page, "answer")
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


@FEW
@given(st.binary(min_size=1, max_size=80))
def test_bytes_that_are_no_websocket(lone: Server, sent: bytes) -> None:
    with _deaf(lone) as end:
        end.sendall(sent)
        end.shutdown(socket.SHUT_WR)
    assert lone.process.poll() is None
