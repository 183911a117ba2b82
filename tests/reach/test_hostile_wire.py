"""A running daemon whose sockets get noise, half-right commands and messages of 100 MB: errors, and the stream goes on."""

import contextlib
import os
import re
import socket as sockets
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from daemon import messages as m
from daemon.curve import Gate
from daemon.desk.commands import NAMES
from daemon.errors import REFUSALS
from daemon.keyring import Keyring
from daemon.listen import decode
from daemon.outputs.zmq_latest import ZmqLatest
from daemon.outputs.zmq_pub import ZmqPublisher
from daemon.service.router import Router
from tests.reach.running import Running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

HUGE = 100_000_000
MB = 1 << 20


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    one = Running(tmp_path_factory.mktemp("victim"))
    with watched(one, 240.0) as levels:
        assert levels
    yield one
    one.stop()


def peak_bytes(pid: int, anew: bool = False) -> int:
    """The most memory a process has had, or had since this was asked `anew`."""
    if anew:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


def pid_of(running: Running) -> int:
    assert running._process is not None
    return running._process.pid


@contextlib.contextmanager
def watched(running: Running, patience_s: float = 5.0) -> Iterator[list[int]]:
    """The numbers of the level messages meanwhile: from one before to one after, and none is missing."""
    reader: zmq.Socket = zmq.Context.instance().socket(zmq.SUB)
    reader.setsockopt(zmq.RCVHWM, 0)  # it is read at the end
    reader.setsockopt(zmq.RCVTIMEO, int(1000 * patience_s))
    reader.subscribe(m.topic("level"))
    reader.connect(running.address)
    try:
        levels = [decode(reader.recv_multipart()).seq]
        yield levels
        while reader.poll(0):
            levels.append(decode(reader.recv_multipart()).seq)
        reader.setsockopt(zmq.RCVTIMEO, 5000)
        levels.append(decode(reader.recv_multipart()).seq)
        assert levels == list(range(levels[0], levels[0] + len(levels))), "the stream has a gap"
    finally:
        reader.close(0)


words = st.sampled_from(["", "comp", "a", "main", "input:1", "x" * 300, "\0", "\u2028", "../../etc/passwd", "lead"])
plain = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), words, st.text(max_size=20))
anything = st.recursive(
    plain,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)
left_alone = {"load", "save", "jam"}  # they read and write files, or start a band


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    """A command's name with arguments of any kind, most of them its own."""
    name = draw(st.sampled_from(sorted(NAMES.keys() - left_alone)))
    fields = draw(st.lists(st.sampled_from([*NAMES[name].__struct_fields__, "cmd", "nonsense"]), max_size=5))
    return {"cmd": name} | {field: draw(anything) for field in fields}


@st.composite
def requests(draw: st.DrawFn) -> list[bytes]:
    """Frames: noise, a request, or one with a byte turned."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.lists(st.binary(max_size=60), min_size=1, max_size=3))
    do = draw(st.one_of(st.lists(st.one_of(commands(), anything), max_size=4), anything))
    request = {"id": draw(anything), "do": do, "check": draw(st.one_of(st.booleans(), anything))}
    encode = draw(st.sampled_from([msgspec.json.encode, msgspec.msgpack.encode]))
    packed = bytearray(encode(request))
    if draw(st.booleans()):
        packed[draw(st.integers(0, len(packed) - 1))] ^= 1 << draw(st.integers(0, 7))
    return [bytes(packed)]


@pytest.fixture
def client(victim: Running) -> Iterator[zmq.Socket]:
    with zmq.Context.instance().socket(zmq.DEALER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(victim.control)
        yield socket


def test_what_is_sent_to_control_is_answered_and_harms_nobody(victim: Running, client: zmq.Socket) -> None:
    pid = pid_of(victim)
    codes: dict[int, int] = {}

    @seed(6)
    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def ask(frames: list[bytes]) -> None:
        client.send_multipart(frames)
        assert client.poll(10_000), "no answer"
        found = client.recv_multipart()[-1]
        answer = (msgspec.json if found[:1] == b"{" else msgspec.msgpack).decode(found)
        code = 200 if answer.get("ok") else answer["error"]["code"]
        assert code == 200 or code in REFUSALS.keys() - {500}, (frames, answer)
        codes[code] = codes.get(code, 0) + 1

    ask()  # what is made once is made
    before, files = peak_bytes(pid, anew=True), len(os.listdir(f"/proc/{pid}/fd"))
    with watched(victim) as levels:
        ask()
    assert len(levels) > 2
    assert codes.keys() >= {200, 400, 422}, codes
    assert peak_bytes(pid) - before < 16 * MB
    assert len(os.listdir(f"/proc/{pid}/fd")) < files + 20, "a spare engine's, but none for each request"
    client.close()


def raw(address: str) -> sockets.socket:
    """A bare connection to a ZeroMQ address."""
    kind, _, where = address.partition("://")
    if kind == "ipc":
        made = sockets.socket(sockets.AF_UNIX)
        made.connect(where)
    else:
        host, _, port = where.rpartition(":")
        made = sockets.create_connection((host, int(port)))
    made.settimeout(10)
    return made


def pour(address: str, mechanism: bytes = b"NULL") -> int:
    """Greet as ZMTP 3.0 (RFC 23) does, and begin a message of 100 MB; gives the bytes that were taken."""
    with raw(address) as made:
        made.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + mechanism.ljust(20, b"\0") + b"\0" + bytes(31))
        header = b"\x02" + struct.pack(">Q", HUGE)
        sent = 0
        with contextlib.suppress(OSError):
            made.sendall(header)
            while sent < HUGE:
                sent += made.send(b"x" * 65536)
        return sent


SEND_HUGE = """
import sys, zmq
socket = zmq.Context().socket({"dealer": zmq.DEALER, "xsub": zmq.XSUB}[sys.argv[1]])
socket.setsockopt(zmq.LINGER, 500)
socket.connect(sys.argv[2])
socket.send(b"\\x01" + b"x" * 100_000_000)
socket.close()
"""


def test_a_message_of_100_mb_is_refused_cheaply(victim: Running) -> None:
    pid = pid_of(victim)
    before = peak_bytes(pid, anew=True)
    with watched(victim) as levels:
        for kind, address in (("dealer", victim.control), ("xsub", victim.address)):
            assert pour(address) < HUGE / 4, "it was taken"
            subprocess.run([sys.executable, "-c", SEND_HUGE, kind, address], check=True, timeout=60)
    assert len(levels) > 2
    assert peak_bytes(pid) - before < 16 * MB


def test_behind_a_key_it_is_refused_before_the_key_is_asked_for(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys")
    ring.new("ann")
    gate = Gate(ring, always=True)
    here = "tcp://127.0.0.1:*"
    stream, latest = ZmqPublisher(here, gate=gate), ZmqLatest(here, gate=gate)
    router = Router(here, lambda raw, as_json: raw, lambda *_: None, gate)
    before = peak_bytes(os.getpid(), anew=True)
    for address in (stream.address, latest.address):
        assert pour(address, b"CURVE") < HUGE / 4
        assert pour(address, b"NULL") < HUGE / 4
        assert pour(address, b"PLAIN") < HUGE / 4
    assert pour(router.address, b"CURVE") < HUGE / 4
    for _ in range(200):  # who only connects, and who says nothing of ZeroMQ's
        with raw(stream.address) as made, contextlib.suppress(OSError):
            made.sendall(os.urandom(500))
    time.sleep(0.2)
    assert peak_bytes(os.getpid()) - before < 16 * MB
    assert not gate.socket.poll(0)
    gate.close()
