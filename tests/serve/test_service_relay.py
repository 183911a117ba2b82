"""The services through a running daemon: by its control socket and by its page, whose process starts when somebody comes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from tests.engine_alone import TEXT
from tests.serve.service_stage import LONG, NOTES, ROOT, Client, children, until

CONFIG = (
    """
[engine]
driver = "timer"
input = "performance"
loop = true
[midi]
api = "off"
[recommend]
library = "off"
[zmq]
address = "ipc://{folder}/wire"
latest = "off"
[control]
address = "ipc://{folder}/control"
[page]
address = "127.0.0.1:{port}"
[services]
waiting = 4
"""
    + TEXT
)
FRONT, WORKER = "daemon.front.process", "daemon.answering.process"


class Live:
    """`jamd run`, and all that it says of services and outputs."""

    def __init__(self, folder: Path, port: int) -> None:
        (folder / "config.toml").write_text(CONFIG.format(folder=folder, port=port))
        (folder / "tmp").mkdir()
        self.folder, self.control = folder, f"ipc://{folder}/control"
        self._wire: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
        for topic in (b"jamd/1/service/", b"jamd/1/output/"):
            self._wire.subscribe(topic)
        self._wire.connect(f"ipc://{folder}/wire")
        self.said: list[dict[str, Any]] = []
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(folder / "config.toml")]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(folder / "tmp")})

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The first message of a kind that has these values, of those not looked at before."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            with contextlib.suppress(zmq.Again):
                while True:
                    self.said.append(msgspec.msgpack.decode(self._wire.recv_multipart(zmq.DONTWAIT)[1]))
            while self.said and not found:
                message = self.said.pop(0)
                if message["type"] == kind and all(message.get(name) == value for name, value in fields.items()):
                    found.append(message)
            return bool(found)

        until(look, lambda: self.process.poll() is None, lambda: (kind, fields))
        return found[0]

    def pid(self, module: str) -> int:
        """Of its process that runs a module; 0 where there is none."""
        return next(children(self.process.pid, module), 0)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self._wire.close(0)


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Live]:
    one = Live(tmp_path_factory.mktemp("live"), port)
    try:
        one.until("service", state="idle")
        yield one
    finally:
        one.stop()


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    one = Client(live.control)
    yield one
    one.close()


def read(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read()


def test_nothing_is_started_before_somebody_comes_to_the_page_nor_a_worker_before_it_is_asked(
    live: Live, port: int
) -> None:
    assert (live.pid(FRONT), live.pid(WORKER)) == (0, 0)
    assert b"openapi" in read(port, "/api/1/openapi.json")
    assert live.until("service", state="running")["error"] == ""
    assert (live.pid(FRONT) > 0, live.pid(WORKER)) == (True, 0)


def test_both_encodings_are_relayed_and_answered_in_kind(live: Live, client: Client, port: int) -> None:
    other = Client(live.control, as_json=True)
    ours, theirs = (one.result("generate", notes=NOTES, generators=["motif"]) for one in (client, other))
    assert msgspec.json.decode(msgspec.json.encode(ours)) == theirs
    assert isinstance(ours["midi"], bytes)
    assert client.refused("recommend") == (409, "recommend: recommend.library is off in the config")
    code, text = client.refused("models", deadline_ms=-1)
    assert (code, "deadline_ms" in text) == (422, True)
    assert other.ask({"cmd": "models"}, {"cmd": "list"})["error"]["code"] == 409
    assert other.ask({"cmd": "models"}, check=True)["results"] == [None]
    assert b'"phrase"' in read(port, "/api/1/models")
    assert live.until("service", done={"generate": 2, "models": 1}, refused={"409": 1})["state"] == "running"
    other.close()


@pytest.mark.parametrize("as_json", [False, True])
def test_any_id_comes_back(live: Live, as_json: bool) -> None:
    one = Client(live.control, as_json)
    names = [None, True, 1.5, "x" * 999, [1, [2]], {"a": {}}, 2**63, -(2**63), *([2**80] if as_json else [b"x"])]
    for name in names:
        one.send({"cmd": "models"}, id=name)
        answer = one.take()
        assert (answer["id"], "results" in answer) == (name, True)
    one.close()


def test_clients_of_the_daemon_are_told_apart(live: Live, client: Client) -> None:
    other = Client(live.control, as_json=True)
    name = client.send(LONG)
    waits = other.send({"cmd": "models"}, id=name)
    assert other.ask({"cmd": "list"})["ok"]  # the daemon itself waits for nobody
    assert other.ask({"cmd": "cancel", "id": "x"})["results"][0]["cancelled"] == []
    many = [client.send({"cmd": "models"}) for _ in range(5)]
    assert client.take() == {
        "id": many[3],
        "error": {"code": 429, "text": "4 requests wait, which is the most; ask again in a moment", "at": 0},
    }
    assert client.take()["id"] == many[4]
    client.send({"cmd": "cancel", "id": name})
    said = [client.take() for _ in range(5)]
    assert {one["id"]: one["error"]["code"] for one in said if "error" in one} == {name: 499}
    assert other.take()["id"] == waits
    other.close()


def test_a_front_that_is_killed_comes_back_when_it_is_asked(live: Live, client: Client, port: int) -> None:
    client.result("models")
    client.send(LONG)
    live.until("service", under_way=1)
    front, worker = live.pid(FRONT), live.pid(WORKER)
    os.kill(front, signal.SIGKILL)
    error = client.take()["error"]
    assert (error["code"], "ended by signal 9" in error["text"]) == (500, True)
    assert live.until("service", state="died")["done"]["models"] >= 1
    until(lambda: not _lives(worker))  # it goes with the front

    def is_back() -> bool:
        answer = client.ask({"cmd": "models"})
        assert "ok" in answer or answer["error"]["code"] == 503, answer
        return "ok" in answer

    until(is_back)
    assert live.pid(FRONT) not in (0, front)
    assert b"openapi" in read(port, "/api/1/openapi.json")
    live.until("service", state="running", waiting=0)


def test_who_leaves_the_page_takes_a_request_along(live: Live, port: int) -> None:
    head = f"POST /api/1/analyse HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {len(LONG['sound'])}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as asker:
        asker.sendall(head.encode() + LONG["sound"])
        before = live.until("service", under_way=1)["refused"].get("499", 0)
    after = live.until("service", under_way=0)
    assert after["refused"]["499"] == before + 1


def test_a_front_that_hangs_is_ended(live: Live, client: Client, port: int) -> None:
    assert "models" in client.result("models")
    front = live.pid(FRONT)
    os.kill(front, signal.SIGSTOP)
    client.send({"cmd": "models"})
    assert client.ask({"cmd": "list"})["ok"]  # the daemon waits for nobody
    assert "services hung" in live.until("service", state="hung")["error"]
    error = client.take()["error"]
    assert (error["code"], "hung" in error["text"]) == (500, True)
    until(lambda: not _lives(front))
    assert b"openapi" in read(port, "/api/1/openapi.json")


def test_a_port_that_is_taken_is_said_and_all_else_goes_on(live: Live, tmp_path: Path, port: int) -> None:
    other = Live(tmp_path, port)
    failed = other.until("output", name="page", state="failed")
    assert f"cannot listen on 127.0.0.1:{port}" in failed["error"]
    asker = Client(other.control)
    assert "models" in asker.result("models")
    front, worker = other.pid(FRONT), other.pid(WORKER)
    assert front and worker
    asker.send(LONG)
    asker.close()
    other.stop()
    assert other.process.returncode == 0
    until(lambda: not _lives(front) and not _lives(worker))
    assert list((tmp_path / "tmp").glob("jamd-*")) == []


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
