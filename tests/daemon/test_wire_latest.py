"""The stream of single frames, read by sockets that keep the newest; and what joiners are told, on both streams."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from daemon import messages as m
from daemon.bind import BindError
from daemon.listen import decode
from daemon.outputs.zmq_latest import ZmqLatest
from daemon.outputs.zmq_pub import ZmqPublisher
from tests.daemon.test_wire import SAMPLES, received, subscriber


@pytest.fixture(params=["msgpack", "json"])
def latest(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZmqLatest]:
    made = ZmqLatest(f"ipc://{tmp_path}/latest", request.param)
    yield made
    made.close()


def join(publisher: ZmqPublisher, kinds: tuple[str, ...]) -> list[zmq.Socket]:
    """One socket for each type, each of which keeps the newest message."""
    made = []
    for kind in kinds:
        socket = zmq.Context.instance().socket(zmq.SUB)
        for option, value in ((zmq.CONFLATE, 1), (zmq.LINGER, 0), (zmq.RCVTIMEO, 3000)):
            socket.setsockopt(option, value)
        socket.subscribe(m.topic(kind))
        socket.connect(publisher.address)
        made.append(socket)
    left = len(kinds)
    while left:
        assert publisher.socket.poll(3000)
        left -= publisher.serve_joiners()
    return made


def read(frame: bytes) -> m.Message:
    topic, _, body = frame.partition(b"\0")
    kind = m.MESSAGES[topic.split(b"/")[2].decode()]
    return (msgspec.json if body[:1] == b"{" else msgspec.msgpack).decode(body, type=kind)


def test_each_message_is_one_frame_with_its_arrays_in_it(latest: ZmqLatest) -> None:
    reader = subscriber(latest.address)
    assert latest.socket.poll(3000)
    latest.serve_joiners()
    for sample in SAMPLES:
        latest.publish(sample)
    for sample in SAMPLES:
        (frame,) = reader.recv_multipart()
        assert frame.startswith(m.topic(sample.__struct_config__.tag) + b"\0")
        assert read(frame) == sample
    reader.close()


def test_a_socket_for_each_topic_holds_the_newest_of_it(latest: ZmqLatest) -> None:
    onsets, chromas, keys = join(latest, ("onset", "chroma", "key"))
    for seq in range(500):
        latest.publish(m.Key(seq=seq, name="A minor", tonic=9, mode="minor", confidence=0.5))
        latest.publish(m.Chroma(seq=seq, tuning_cents=0.0, chroma=[seq / 500] * 12))
    latest.publish(m.Onset(seq=7, strength=0.5, band="low"))
    time.sleep(0.5)
    found = [read(socket.recv()) for socket in (onsets, chromas, keys)]
    assert [message.seq for message in found] == [7, 499, 499]
    assert found[1].chroma == [499 / 500] * 12
    for socket in (onsets, chromas, keys):
        assert not socket.poll(0), "there is nothing older"
        socket.close()


@pytest.mark.parametrize("prefix", [b"jamd/1/key/", b"jamd/1/key/\0", b"jamd/1/ke"])
def test_one_who_joins_is_told_the_last_state(latest: ZmqLatest, prefix: bytes) -> None:
    for sample in SAMPLES:
        latest.publish(sample)
    reader = subscriber(latest.address, prefix)
    assert latest.socket.poll(3000)
    latest.serve_joiners()
    assert [read(frame) for (frame,) in received(reader)] == [msgspec.structs.replace(SAMPLES[5], replay=True)]
    reader.close()


def test_several_prefixes_are_answered_with_all_they_cover_and_no_more(tmp_path: Path) -> None:
    publisher = ZmqPublisher(f"ipc://{tmp_path}/wire")
    ports = [m.MidiPort(seq=k, port=f"{k // 2}", direction="io"[k % 2], state="open") for k in range(6)]
    newer = [msgspec.structs.replace(port, seq=6 + port.seq, state="lost") for port in ports[:3]]
    for message in (*SAMPLES, *ports, *newer):
        publisher.publish(message)
    reader = zmq.Context.instance().socket(zmq.SUB)
    reader.setsockopt(zmq.LINGER, 0)
    prefixes = (b"jamd/1/midi_", b"jamd/1/chord/", b"jamd/1/onset/", b"nothing", b"jamd/1/midi_port/")
    for prefix in prefixes:
        reader.subscribe(prefix)
    reader.connect(publisher.address)
    joined = 0
    while joined < len(prefixes):
        assert publisher.socket.poll(3000)
        joined += publisher.serve_joiners()
    got = [decode(frames) for frames in received(reader)]
    assert {type(message) for message in got} == {m.MidiHarmony, m.MidiPort, m.Chord}
    states = {(one.port, one.direction): (one.seq, one.state) for one in got if isinstance(one, m.MidiPort)}
    assert states.pop(("keys", "in")) == (7, "missing")
    assert states == {(one.port, one.direction): (one.seq, one.state) for one in (*newer, *ports[3:])}
    assert all(message.replay for message in got)
    reader.close()
    publisher.close()


def test_who_is_there_already_hears_again_only_what_the_joiner_asked_for(tmp_path: Path) -> None:
    publisher = ZmqPublisher(f"ipc://{tmp_path}/wire")
    for message in SAMPLES:
        publisher.publish(message)
    first = subscriber(publisher.address, b"jamd/1/c")
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    assert {type(decode(frames)) for frames in received(first)} == {m.Chord}
    second = subscriber(publisher.address, b"jamd/1/key/")
    assert publisher.socket.poll(3000)
    publisher.serve_joiners()
    assert received(first) == []
    assert len(received(second)) == 1
    first.close()
    second.close()
    publisher.close()


@pytest.mark.parametrize("address", ["tcp://*:5552", "tcp://0.0.0.0:1", "tcp://eth0:5552", "tcp://[::]:9"])
@pytest.mark.parametrize("publisher", [ZmqPublisher, ZmqLatest])
def test_other_machines_are_kept_out(publisher: type[ZmqPublisher], address: str) -> None:
    with pytest.raises(BindError, match=rf"{publisher.key}: .* could be reached by other machines"):
        publisher(address)


def test_a_busy_port_names_the_key(tmp_path: Path) -> None:
    first = ZmqLatest("tcp://127.0.0.1:*")
    with pytest.raises(BindError, match=r"zmq\.latest: cannot listen on .* another jamd.* another port, or off"):
        ZmqLatest(first.address)
    first.close()
