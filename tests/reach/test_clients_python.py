"""presets/clients/jamd_client.py at a running daemon, and at a publisher that says what is rare."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon import messages as m
from daemon.outputs.zmq_pub import ZmqPublisher
from tests.reach.running import CLIENTS, Running, client

c = client("jamd_client")
GOLDEN = Path(__file__).parents[1] / "golden" / "wire.txt"


def until(jamd, kinds: set[str], seconds: float = 120.0) -> dict[str, list]:
    """What comes until there is one of each type."""
    ends_at, got = time.monotonic() + seconds, {kind: [] for kind in kinds}
    while not all(got.values()):
        assert time.monotonic() < ends_at, f"nothing of {[kind for kind, some in got.items() if not some]}"
        message = jamd.read(1.0)
        if message is not None:
            got.setdefault(message.type, []).append(message)
    return got


def test_messages_come_typed_and_in_order(running: Running) -> None:
    kinds = {"beat", "chord", "onset", "level", "chroma", "engine", "rack_state", "f0"}
    with c.Jamd(running.address, running.control, tuple(kinds)) as jamd:
        got = until(jamd, kinds)
        assert jamd.alive
        assert (jamd.lost, jamd.bad, jamd.restarts) == (0, 0, 0)
    assert got.keys() <= kinds | {"silence"}, "the heartbeat was not asked for"
    assert isinstance(got["beat"][0], c.Beat)
    assert 0.0 < got["beat"][0].tempo_bpm < 400.0
    assert isinstance(got["rack_state"][0], c.Other)
    assert got["rack_state"][0].chains == []
    assert isinstance(got["f0"][-1].f0_hz, float)
    assert len(got["chroma"][-1].chroma) == 12
    assert 0.99 < max(got["chroma"][-1].chroma) <= 1.0
    levels = [level.seq for level in got["level"]]
    assert levels == list(range(levels[0], levels[0] + len(levels)))
    due_s = got["level"][-1].due_s()
    assert due_s is not None
    assert -10.0 < due_s < 1.0


def test_newest_drains_what_has_piled_up(running: Running) -> None:
    with c.Jamd(running.address, running.control, ("level", "bands")) as jamd:
        first = until(jamd, {"level"})["level"][0]
        time.sleep(1.5)
        found = jamd.newest()
        assert found.keys() == {"level", "bands"}
        assert found["level"].seq > first.seq + 100
        assert -0.5 < found["level"].due_s() < 0.5, "it is not the newest"
        after = until(jamd, {"level"})["level"][0]
        assert after.seq == found["level"].seq + 1
        assert jamd.lost == 0
        assert jamd.newest(1.0) != {}


def test_commands_are_answered_and_refused(running: Running) -> None:
    with c.Jamd(running.address, running.control) as jamd:
        assert jamd.ask({"cmd": "list"})[0]["chains"] == []
        assert len(jamd.ask([{"cmd": "list"}, {"cmd": "map_list"}])) == 2
        with pytest.raises(c.JamdError, match="no command 'nosuch'") as refused:
            jamd.ask([{"cmd": "list"}, {"cmd": "nosuch"}])
        assert (refused.value.code, refused.value.at) == (400, 1)
        assert jamd.ask({"cmd": "list"})[0]["chains"] == [], "a refusal does no harm"


def test_who_is_not_there_is_named(tmp_path: Path) -> None:
    with c.Jamd(f"ipc://{tmp_path}/none", f"ipc://{tmp_path}/nobody") as jamd:
        with pytest.raises(c.JamdError, match=r"no jamd answers at ipc://.*; is `jamd run` running\?") as nobody:
            jamd.ask({"cmd": "list"}, timeout_s=0.1)
        assert nobody.value.code == 0
        assert jamd.read(0.05) is None
        assert jamd.newest() == {}
        assert not jamd.alive
    with pytest.raises(c.JamdError, match="give one such as tcp://"):
        c.Jamd("5550")


@pytest.fixture(params=["msgpack", "json"])
def publisher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZmqPublisher]:
    made = ZmqPublisher(f"ipc://{tmp_path}/wire", request.param)
    yield made
    made.close()


@contextlib.contextmanager
def joined(publisher: ZmqPublisher, topics: tuple[str, ...] | None) -> Iterator:
    """A client whose subscriptions the publisher has."""
    with c.Jamd(publisher.address, topics=topics) as jamd:
        left = 1 if topics is None else len({*topics, "heartbeat"})
        while left > 0:
            assert publisher.socket.poll(3000)
            left -= publisher.serve_joiners()
        yield jamd


def onset(seq: int, epoch: int = 1) -> m.Onset:
    return m.Onset(seq=seq, epoch=epoch, known_at=seq + 1, strength=0.5, band="low")


def test_gaps_are_counted_and_a_new_epoch_is_noticed(publisher: ZmqPublisher) -> None:
    with joined(publisher, ("onset",)) as jamd:
        for seq in (4, 5, 8, 9, 20):
            publisher.publish(onset(seq))
        assert [jamd.read(1.0).seq for _ in range(5)] == [4, 5, 8, 9, 20]
        assert (jamd.lost, jamd.restarts, jamd.epoch) == (12, 0, 1)
        publisher.publish(onset(0, epoch=2))
        assert jamd.read(1.0).epoch == 2
        assert (jamd.lost, jamd.restarts, jamd.epoch) == (12, 1, 2)
        publisher.publish(onset(0, epoch=2))  # the daemon itself was started anew
        publisher.publish(onset(2, epoch=2))
        assert [jamd.read(1.0).seq for _ in range(2)] == [0, 2]
        assert (jamd.lost, jamd.restarts, jamd.epoch) == (13, 2, 2)


def test_a_replay_is_told_once(publisher: ZmqPublisher) -> None:
    ports = [m.MidiPort(seq=k, epoch=1, known_at=k, port=f"{k}", direction="in", state="open") for k in range(3)]
    for seq in (1, 2, 0):  # as it lies when the port 0 has changed last
        publisher.publish(msgspec.structs.replace(ports[seq], seq=seq))
    publisher.publish(m.Chord(seq=0, epoch=1, known_at=9, name="C:maj", root=0, bass=0, confidence=0.5))
    with joined(publisher, ("midi_port", "chord")) as first:
        got = [first.read(1.0) for _ in range(4)]
        assert sorted(one.port for one in got if one.type == "midi_port") == ["0", "1", "2"]
        assert all(one.replay for one in got)
        publisher.publish(m.Chord(seq=1, epoch=1, known_at=10, name="A:min", root=9, bass=9, confidence=0.5))
        with joined(publisher, ("midi_port", "chord")) as second:
            assert len([second.read(1.0) for _ in range(4)]) == 4
            assert [one.name for one in first.newest(1.0).values()] == ["A:min"]
            assert first.read(0.2) is None, "what is said again for another is passed over"


def test_what_is_no_message_is_counted(publisher: ZmqPublisher) -> None:
    with joined(publisher, None) as jamd:
        for frames in (
            [b"jamd/1/onset/"],
            [b"jamd/1/onset/", b"\xff"],
            [b"jamd/1/", b"{}"],
            [b"jamd/1/x/", b"{", b"\0"],
        ):
            publisher.socket.send_multipart(frames)
        publisher.socket.send_multipart([b"jamd/1/chroma/", msgspec.msgpack.encode({"chroma": {"frame": 9}})])
        packed = msgspec.msgpack.encode(
            {"type": "grid", "seq": 3, "cells": {"frame": 2, "dtype": "<i2", "shape": [2, 3]}, "new": True}
        )
        publisher.socket.send_multipart([b"jamd/1/grid/", packed, b"\1\0\2\0\3\0\4\0\5\0\6\0"])
        grid = jamd.read(1.0)
        assert (grid.type, grid.seq, grid.new, grid.cells) == ("grid", 3, True, [[1, 2, 3], [4, 5, 6]])
        with pytest.raises(AttributeError, match="grid has no 'old', but cells, new"):
            grid.old  # noqa: B018
        assert jamd.bad == 5


def test_what_is_declared_is_as_on_the_wire() -> None:
    for name, kind in c.TYPES.items():
        theirs = {field.name: str(field.type) for field in msgspec.structs.fields(m.MESSAGES[name])}
        for field in msgspec.structs.fields(kind):
            mine = str(field.type).replace("jamd_client.", "daemon.messages.")
            assert theirs.get(field.name) == mine, f"{name}.{field.name}"


@pytest.mark.parametrize("line", GOLDEN.read_text().splitlines(), ids=lambda line: line.split(" ")[0])
def test_every_message_can_be_read(line: str) -> None:
    kind, packed = line.split(" ")
    values = b"\0" * 48
    message = c.decode([m.topic(kind), bytes.fromhex(packed), values])
    assert message.type == kind
    assert (message.seq, message.epoch, message.rate) == (7, 2, 48000)
    told = msgspec.msgpack.decode(bytes.fromhex(packed), type=m.MESSAGES[kind])
    for field in ("tempo_bpm", "state", "name", "items", "notes"):
        if hasattr(told, field):
            assert getattr(message, field) == msgspec.to_builtins(getattr(told, field))


def test_the_readme_runs(running: Running) -> None:
    text = (CLIENTS / "README.md").read_text()
    lines = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)[0]
    assert len(lines.splitlines()) <= 10
    assert "with Jamd(topics" in lines
    lines = lines.replace("Jamd(topics", f'Jamd("{running.address}", topics')
    ten = subprocess.Popen([sys.executable, "-uc", lines], cwd=CLIENTS, stdout=subprocess.PIPE, text=True)
    assert ten.stdout is not None
    seen: set[str] = set()
    while not {"Beat", "Chord"} <= seen:
        line = ten.stdout.readline()
        assert line, "it has ended"
        seen.add(line.partition("(")[0])
    ten.kill()
    ten.wait()
    ten.stdout.close()
