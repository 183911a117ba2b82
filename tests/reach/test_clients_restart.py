"""Both clients outlive the daemon that they follow."""

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.reach.node import Client
from tests.reach.running import Running, client

c = client("jamd_client")
COUNTS = "[jamd.alive, jamd.lost, jamd.restarts]"


@pytest.fixture
def node(request: pytest.FixtureRequest, running: Running):
    """The JavaScript client, or None where there is no Node; the Python one is tried all the same."""
    try:
        folder = request.getfixturevalue("node_folder")
    except pytest.skip.Exception as reason:
        print(f"without Node: {reason}")
        yield None
        return
    with Client(folder, running.address, running.control, ["level"]) as one:
        yield one


def until(read: Callable[[], Any], kind: str, seconds: float = 60.0) -> Any:
    """The next message of a type."""
    ends_at = time.monotonic() + seconds
    while True:
        message = read()
        assert time.monotonic() < ends_at, f"no {kind}"
        if message is not None and (message["type"] if isinstance(message, dict) else message.type) == kind:
            return message


def test_a_restart_of_the_daemon_is_survived(running: Running, node: Client | None) -> None:
    with c.Jamd(running.address, running.control, ("level",)) as jamd:
        readers: list[Callable[[], Any]] = [lambda: jamd.read(1.0)]
        if node is not None:
            readers.append(lambda: node.ask("jamd.read(1000)"))
        for read in readers:
            until(read, "level")
        jamd.ask({"cmd": "list"})
        running.stop(signal.SIGKILL)
        for read in readers:
            silence = until(read, "silence")
            text = silence["text"] if isinstance(silence, dict) else silence.text
            assert "is `jamd run` running?" in text
        assert not jamd.alive
        with pytest.raises(c.JamdError):
            jamd.ask({"cmd": "list"}, timeout_s=0.2)
        if node is not None:
            assert node.ask(COUNTS) == [False, 0, 0]
            assert node.ask('jamd.ask({ cmd: "list" }, { timeoutMs: 200 })')["name"] == "JamdError"
        running.start()
        for read in readers:
            until(read, "level", 120.0)
        assert (jamd.alive, jamd.lost, jamd.restarts) == (True, 0, 1)
        assert jamd.ask({"cmd": "list"})[0]["chains"] == []
        if node is not None:
            assert node.ask(COUNTS) == [True, 0, 1]
            assert node.ask('jamd.ask({ cmd: "list" })')[0]["chains"] == []
