"""A reader that is stopped: it is counted, its queue is bounded, and the others neither lose anything nor wait."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from daemon import messages as m
from daemon.listen import decode
from daemon.outputs.zmq_latest import ZmqLatest
from daemon.outputs.zmq_pub import QUEUE, ZmqPublisher
from tests.daemon.test_wire import subscriber

TOPIC = m.topic("onset")
READER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.subscribe(b"jamd/1/onset/")
socket.connect(sys.argv[1])
while True:
    print(len(socket.recv_multipart()), flush=True)
"""


@contextlib.contextmanager
def stopped_reader(publisher: ZmqPublisher) -> Iterator[subprocess.Popen]:
    """Another process that has subscribed, and is stopped in its tracks."""
    reader = subprocess.Popen([sys.executable, "-c", READER, publisher.address], stdout=subprocess.DEVNULL)
    try:
        assert publisher.socket.poll(10_000)
        publisher.serve_joiners()
        reader.send_signal(signal.SIGSTOP)
        yield reader
    finally:
        reader.kill()
        reader.wait()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def play(publisher: ZmqPublisher, reader: zmq.Socket, first: int, n: int) -> None:
    """Publish, and read each message before the next is published."""
    for seq in range(first, first + n):
        publisher.publish(m.Onset(seq=seq, strength=0.5, band="low" * 100))
        frames = reader.recv_multipart()  # raises after 3 s
        if publisher.readers == "stream":
            assert decode(frames).seq == seq


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("kind", [ZmqPublisher, ZmqLatest])
@pytest.mark.parametrize("place", ["ipc", "tcp"])
def test_a_stopped_reader_is_counted_and_the_others_get_all(kind: type[ZmqPublisher], place: str, tmp_path) -> None:
    publisher = kind(f"ipc://{tmp_path}/wire" if place == "ipc" else "tcp://127.0.0.1:*")
    reading = subscriber(publisher.address, TOPIC)
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    play(publisher, reading, 0, 100)
    assert publisher.drops == 0
    with stopped_reader(publisher) as stopped:
        seq = 100
        while not publisher.drops:
            assert seq < 40 * QUEUE, "a queue without an end"
            play(publisher, reading, seq, 200)
            seq += 200
        before = resident_bytes()
        play(publisher, reading, seq, 10_000)
        assert resident_bytes() - before < 1 << 20, "what it loses is kept"
        assert publisher.drops == 1, "and it has read nothing since"
        stopped.send_signal(signal.SIGCONT)
        play(publisher, reading, seq + 10_000, 100)
    publisher.publish(m.Onset(strength=0.5, band="low"))
    assert reading.recv_multipart()
    assert publisher.drops == 1
    reading.close()
    publisher.close()


def test_nobody_listening_is_no_loss(tmp_path) -> None:
    publisher = ZmqPublisher(f"ipc://{tmp_path}/wire")
    for seq in range(3 * QUEUE):
        publisher.publish(m.Onset(seq=seq, strength=0.5, band="low"))
    assert publisher.drops == 0
    publisher.close()
