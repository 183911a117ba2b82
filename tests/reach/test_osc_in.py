"""What is taken by Open Sound Control: every address of the table, bounds, and garbage that harms nobody."""

import re
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from daemon.desk.commands import decode
from daemon.errors import Refused
from daemon.osc import packing
from daemon.osc.addresses import TAKEN
from daemon.osc.control import ControlError, meant
from daemon.osc.input import IN_A_TURN, PACKET, Input
from daemon.osc.output import OscError
from daemon.osc.receiver import PRESSES, UNDER_WAY, Receiver
from daemon.osc_packet import DEPTH, MESSAGES, Heard, PacketError, read

S = 1_000_000_000
T0, WALL = 50 * S, 1_700_000_000 * S


class Desk:
    """Somebody who carries commands out at once, or when he is told to."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self.waits = False
        self.waiting: list = []
        self.refuses = False

    def do(self, command: dict[str, Any], reply: Any) -> None:
        self.done.append(command)
        answer = {"error": {"text": "no such plugin"}} if self.refuses else {"ok": True}
        if self.waits:
            self.waiting.append(lambda: reply(answer))
        else:
            reply(answer)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def receiver(desk: Desk) -> Iterator[Receiver]:
    made = Receiver(Input(f"127.0.0.1:{_free()}"), desk.do, lambda ns: ns + WALL)
    yield made
    made.input.close()


@pytest.fixture
def client(receiver: Receiver) -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(("127.0.0.1", int(receiver.input.name.rpartition(":")[2])))
    yield made
    made.close()


def _free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def message(address: str, *arguments: Any) -> bytes:
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


EXAMPLES = {
    "PLUGIN/PARAM": "comp/Threshold%20(dB)",
    "PLUGIN": "comp",
    "NAME": "3",
    "MODE": "trade",
    "SOURCE": "tap",
    "VERDICT": "accept",
    "ENERGY": "up",
}


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: taken.address)
def test_each_address_of_the_table_is_a_command(taken: Any) -> None:
    address = re.sub(r"[A-Z]+(/[A-Z]+)?", lambda found: EXAMPLES[found[0]], taken.address)
    value = 120.0 if taken.address.endswith("tempo") else 1.0
    wanted = meant(address, [value])
    command = decode(msgspec.msgpack.encode(wanted.command), False)
    assert command.__struct_config__.tag == wanted.command["cmd"]
    if "a press" in taken.takes:
        assert meant(address, []) == meant(address, [True]) == meant(address, [1]) == wanted
        assert meant(address, [0.0]) is meant(address, [False]) is None
    else:
        assert wanted.is_value


def test_names_may_have_what_an_address_may_not() -> None:
    assert meant("/jamd/set/my%20amp/a/b", [0.5]).command == {
        "cmd": "set",
        "plugin": "my amp",
        "param": "a/b",
        "value": 0.5,
    }
    assert meant("/jamd/snapshot/loud%20one", []).command["snapshot"] == "loud one"


@pytest.mark.parametrize(
    ("address", "arguments", "text"),
    [
        ("/other/panic", [], "no address '/other/panic'"),
        ("/jamd", [], "no address '/jamd'; `jamd osc` prints"),
        ("/jamd/set/comp", [1.0], "no address"),
        ("/jamd/set/comp/thr", [1.5], "1.5 is not within 0 to 1"),
        ("/jamd/set/comp/thr", ["x"], "give one number"),
        ("/jamd/set/comp/thr", [], "give one number"),
        ("/jamd/set/comp/thr", [0.1, 0.2], "give one number"),
        ("/jamd/set/comp/thr", [float("nan")], "give one number"),
        ("/jamd/lights/master", [float("inf")], "give one number"),
        ("/jamd/panic", ["now"], "give one number"),
        ("/jamd/" + "x" * 500, [], "no address '/jamd/xxx"),
    ],
)
def test_what_means_nothing_is_told_why(address: str, arguments: list, text: str) -> None:
    with pytest.raises(ControlError) as caught:
        meant(address, arguments)
    assert text in str(caught.value)
    assert len(str(caught.value)) < 150


def test_packets_are_read_as_python_osc_builds_them() -> None:
    inner, outer = OscBundleBuilder(1_700_000_000.5), OscBundleBuilder(0)
    first, second = OscMessageBuilder("/a"), OscMessageBuilder("/b")
    for argument in (1, 2.0, "three", True, False):
        first.add_arg(argument)
    inner.add_content(second.build())
    outer.add_content(first.build())
    outer.add_content(inner.build())
    outer.add_content(second.build())
    a, b, c = read(outer.build().dgram)
    assert (a.address, a.arguments) == ("/a", [1, 2.0, "three", True, False])
    assert [one.address for one in (b, c)] == ["/b", "/b"]
    assert packing.wall_ns(b.tag) == pytest.approx(1_700_000_000.5 * S, abs=1000)
    assert a.tag == c.tag == packing.IMMEDIATELY
    assert read(b"/a\0\0,I\0\0") == [Heard("/a", [True])]
    assert read(b"/a\0\0") == [Heard("/a", [])]  # of old senders, without types


def _nested(depth: int) -> bytes:
    packet = message("/jamd/panic")
    for _ in range(depth):
        packet = packing.bundle(1, [packet])
    return packet


HEAD = b"#bundle\0" + b"\0" * 7 + b"\1"
WRONG = [
    b"",
    b"\0",
    b"x" * 100,
    b"/",
    b"/abc",
    b"/a\0\0,s\0\0abcd",
    b"/a\0\0,b\0\0\xff\xff\xff\xff",
    b"/a\0\0,QQQ\0\0\0\0",
    b"/a\0\0," + b"i" * 100 + b"\0" * 3 + b"\0" * 400,
    b"/\xff\xff\0,\0\0\0",
    b"#bundle\0",
    HEAD + b"\0\0",
    HEAD + struct.pack(">i", -4),  # python-osc would read it again and again
    HEAD + struct.pack(">i", 0) * 10,
    HEAD + struct.pack(">i", 1 << 30) + b"/a\0\0",
    _nested(DEPTH + 1),
    packing.bundle(1, [message("/a")] * (MESSAGES + 1)),
    packing.bundle(1, [packing.bundle(1, [message("/a")] * 20)] * 20),
]


@pytest.mark.parametrize("packet", WRONG, ids=range(len(WRONG)))
def test_what_is_no_packet_is_refused(packet: bytes) -> None:
    with pytest.raises(PacketError):
        read(packet)


@seed(6)
@settings(max_examples=400, deadline=None, database=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(packet: bytes) -> None:
    for start in (b"", b"/a\0\0,", b"#bundle\0", HEAD):
        _read(start + packet)


_ADDRESSES = st.one_of(
    st.sampled_from([one.address for one in TAKEN]),
    st.text(max_size=30).map(lambda text: "/jamd/" + text.replace("\0", "")),
    st.lists(st.sampled_from(["set", "jam", "clock", "next", "1", "%ff", "%", "..", ""]), max_size=5).map(
        lambda parts: "/jamd/" + "/".join(parts)
    ),
)
_ARGUMENTS = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.floats(width=32),
        st.booleans(),
        st.none(),
        st.binary(min_size=1, max_size=20),
        st.text(max_size=20).map(lambda text: text.replace("\0", "")),
        st.just([[1, "x"], []]),
    ),
    max_size=4,
)


@seed(6)
@settings(max_examples=400, deadline=None, database=None)
@given(_ADDRESSES, _ARGUMENTS, st.integers(0, DEPTH + 2), st.data())
def test_any_message_is_a_command_or_refused(address: str, arguments: list, depth: int, data: Any) -> None:
    packet = message(address, *arguments)
    for _ in range(depth):
        packet = packing.bundle(data.draw(st.integers(0, 2**64 - 1)), [packet, message("/jamd/panic")])
    if data.draw(st.booleans()):  # cut short, or a byte other than it was
        at = data.draw(st.integers(0, len(packet)))
        packet = packet[:at] + data.draw(st.binary(max_size=4)) + packet[at + data.draw(st.integers(0, 8)) :]
    _read(packet)


def _read(packet: bytes) -> None:
    try:
        heard = read(packet)
    except PacketError:
        return
    for one in heard:
        try:
            wanted = meant(one.address, one.arguments)
            if wanted is not None:
                decode(msgspec.msgpack.encode(wanted.command), False)
        except (ControlError, Refused):
            pass


def test_garbage_harms_nobody_who_comes_after(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    for packet in (*WRONG, b"/" * (PACKET + 1), b"\0" * 60_000):
        client.send(packet)
        receiver.turn(T0)
    assert receiver.errors() == len(WRONG) + 2
    client.send(message("/jamd/clock/tap"))
    receiver.turn(T0)
    assert desk.done == [{"cmd": "clock_tap"}]


def test_a_button_that_is_let_go_is_no_second_tap(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    for value in (1.0, 0.0, 1.0, 0.0):
        client.send(message("/jamd/clock/tap", value))
    receiver.turn(T0)
    assert desk.done == [{"cmd": "clock_tap"}] * 2
    assert receiver.errors() == 0


def test_of_a_fader_only_the_newest_counts_and_it_always_arrives(
    receiver: Receiver, desk: Desk, client: socket.socket
) -> None:
    desk.waits = True
    for step in range(50):
        client.send(message("/jamd/set/comp/thr", step / 100))
    receiver.turn(T0)
    assert [one["value"] for one in desk.done] == pytest.approx([0.49])
    for step in range(50, 100):
        client.send(message("/jamd/set/comp/thr", step / 100))
        receiver.turn(T0)
    assert len(desk.done) == 1  # the first is still under way
    desk.waiting.pop()()
    receiver.turn(T0)
    assert [one["value"] for one in desk.done] == pytest.approx([0.49, 0.99])


def test_a_flood_is_done_in_measure(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    for _ in range(1000):  # as many as a socket holds
        client.send(message("/jamd/clock/tap"))
    receiver.turn(T0)
    assert len(desk.done) == PRESSES
    assert receiver.errors() == IN_A_TURN - PRESSES
    for _ in range(50):
        receiver.turn(T0)
    client.send(message("/jamd/panic"))
    receiver.turn(T0)
    assert desk.done[-1]["cmd"] == "panic"


def test_while_nobody_answers_only_so_much_is_asked(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    desk.waits = True
    for _ in range(20):
        for _ in range(20):
            client.send(message("/jamd/clock/tap"))
        receiver.turn(T0)
    assert len(desk.done) == UNDER_WAY
    assert receiver.errors() == 400 - UNDER_WAY
    for answer in desk.waiting:
        answer()
    client.send(message("/jamd/panic"))
    receiver.turn(T0)
    assert desk.done[-1]["cmd"] == "panic"


def test_what_is_for_later_waits(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    for tag, address in ((T0 + S // 2, "/jamd/panic"), (T0 + S // 4, "/jamd/clock/tap"), (T0 - S, "/jamd/jam/cue")):
        client.send(packing.bundle(packing.ntp(tag + WALL), [message(address)]))
    receiver.turn(T0)
    assert [one["cmd"] for one in desk.done] == ["jam_cue"]
    assert receiver.next_ns() == pytest.approx(T0 + S // 4, abs=1000)
    receiver.turn(T0 + S // 4 + 1000)
    receiver.turn(T0 + S // 2 + 1000)
    assert [one["cmd"] for one in desk.done] == ["jam_cue", "clock_tap", "panic"]
    client.send(packing.bundle(packing.ntp(T0 + WALL + 3600 * S), [message("/jamd/panic")]))
    receiver.turn(T0)
    assert (receiver.errors(), "time tag" in receiver.last) == (1, True)


def test_what_the_desk_refuses_is_counted_and_shown(receiver: Receiver, desk: Desk, client: socket.socket) -> None:
    desk.refuses = True
    client.send(message("/jamd/bypass/nothing", 1.0))
    receiver.turn(T0)
    assert (receiver.errors(), receiver.last) == (1, "no such plugin")
    desk.refuses = False
    client.send(message("/jamd/bypass/nothing", 0.0))
    receiver.turn(T0)
    assert desk.done[-1] == {"cmd": "bypass", "plugin": "nothing", "on": False}


def test_only_this_machine_unless_another_address_is_given() -> None:
    own = Input(f"127.0.0.1:{_free()}")
    all_ = Input(f"0.0.0.0:{_free()}")
    assert own.warning == ""
    assert "whoever can send to 0.0.0.0:" in all_.warning
    own.close()
    all_.close()


def test_a_port_that_is_taken_is_named() -> None:
    one = Input(f"127.0.0.1:{_free()}")
    with pytest.raises(OscError, match=r"osc\.input: cannot listen on .*give a free port"):
        Input(one.name.partition(":")[2])
    one.close()
    for given_ in ("9000", ":9000", "127.0.0.1:x"):
        with pytest.raises(OscError, match=r"osc\.input: .*give HOST:PORT"):
            Input(given_)


def test_a_turn_takes_no_longer_for_the_worst_of_packets(receiver: Receiver, client: socket.socket) -> None:
    worst = packing.bundle(1, [message("/jamd/set/a/" + "b" * 30, 0.5)] * MESSAGES)
    for _ in range(200):
        client.send(worst)
    began = time.monotonic()
    receiver.turn(T0)
    assert time.monotonic() - began < 0.5  # it takes some 3 ms
