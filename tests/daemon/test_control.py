"""The control socket with real ZeroMQ sockets: requests and replies, bounds, and garbage that harms nobody."""

import json
import random
import time
from typing import Any

import msgspec
import pytest
import zmq

from daemon.bind import BindError
from daemon.desk.commands import NAMES, decode
from daemon.errors import REFUSALS, Refused
from daemon.service.router import CUT_OFF_BYTES, REQUEST_BYTES, UNDER_WAY, Router
from tests.desk.engine_end import Rig


class Service:
    """A router whose batches wait until they are `done`, or are done at once."""

    def __init__(self, address: str) -> None:
        self.waits = False
        self.waiting: list = []
        self.router = Router(address, decode, self._submit)

    def _submit(self, commands: list, reply: Any, check: bool) -> None:
        answer = {"ok": True, "results": [type(command).__name__ for command in commands]}
        if self.waits:
            self.waiting.append(lambda: reply(answer))
        else:
            reply(answer)

    def work(self, seconds: float = 1.0, until: zmq.Socket | None = None) -> None:
        """Serve for so long, or until somebody has an answer."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and not (until is not None and until.poll(0)):
            if self.router.socket.poll(10):
                self.router.turn()


@pytest.fixture
def service(tmp_path):
    made = Service(f"ipc://{tmp_path}/control")
    yield made
    made.router.close()


@pytest.fixture
def client(service):
    made = connect(service.router.address)
    yield made
    made.close()


def connect(address: str, kind: int = zmq.DEALER) -> zmq.Socket:
    socket = zmq.Context.instance().socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(address)
    return socket


def ask(service: Service, client: zmq.Socket, request: bytes) -> bytes:
    client.send(request)
    service.work(5.0, client)
    return client.recv(zmq.DONTWAIT)


LIST = {"id": 7, "do": [{"cmd": "list"}]}


@pytest.mark.parametrize("kind", [zmq.DEALER, zmq.REQ])
@pytest.mark.parametrize("module", [msgspec.json, msgspec.msgpack])
def test_a_request_is_answered_in_kind(service: Service, kind: int, module: Any) -> None:
    client = connect(service.router.address, kind)
    answer = ask(service, client, module.encode(LIST))
    assert module.decode(answer) == {"id": 7, "ok": True, "results": ["List"]}
    client.close()


@pytest.mark.parametrize("name", [None, 3, "x", [1, {"a": 2}], {"k": None}, 1.5, -(2**60), "\u00e9"])
def test_an_id_comes_back_as_it_was(service: Service, client: zmq.Socket, name: Any) -> None:
    assert json.loads(ask(service, client, json.dumps(LIST | {"id": name}).encode()))["id"] == name


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (b"", 400, "not one frame of msgpack or JSON"),
        (b"{", 400, "not one frame"),
        (b'{"do": 3}', 400, "expected `array`"),
        (b'{"id": 1}', 400, "missing required field `do`"),
        (b'{"do": [], "x": 1}', 400, "unknown field `x`"),
        (b'{"do": [3]}', 400, "a command is a map"),
        (b'{"do": [{}]}', 400, "there is no command 'None'"),
        (b'{"do": [{"cmd": "bypas"}]}', 400, "there is no command 'bypas'; did you mean 'bypass'?"),
        (b'{"do": [{"cmd": ["list"]}]}', 400, "there is no command"),
        (b'{"do": [{"cmd": "bypass"}]}', 400, "bypass: give plugin; its arguments are plugin, on"),
        (b'{"do": [{"cmd": "bypass", "plugin": "x", "onn": true}]}', 400, "no argument 'onn'; did you mean 'on'?"),
        (b'{"do": [{"cmd": "bypass", "plugin": 3}]}', 422, "bypass: plugin = 3: expected `str`"),
        (b'{"do": [{"cmd": "mix", "plugin": "x", "mix": 1.5}]}', 422, "give 0.0 (dry) to 1.0 (wet)"),
        (b'{"do": [{"cmd": "chain_set", "chain": "x", "channel": 17}]}', 422, "give 1 to 16, or 0 for all"),
        (b'{"do": [{"cmd": "chain_set", "chain": "x", "sends": [{"to": 1}]}]}', 422, "chain_set: sends"),
        (b'{"id": "\xff", "do": []}', 400, "not one frame"),
        (b'{"do": ' + b"[" * 50_000, 400, "not one frame"),
        (b'{"do": [' + b",".join([b'{"cmd":"list"}'] * 257) + b"]}", 413, "257 commands in a batch; 256 are the most"),
        (b" " * (REQUEST_BYTES + 1), 413, f"{REQUEST_BYTES} are the most"),
        (msgspec.msgpack.encode({"do": [{"cmd": "mix", "plugin": "x", "mix": float("nan")}]}), 422, "mix"),
    ],
)
def test_a_wrong_request_gets_a_number_and_a_remedy(service: Service, client: zmq.Socket, request_, code, text) -> None:
    answer = ask(service, client, request_)
    found = (msgspec.json if answer[:1] == b"{" else msgspec.msgpack).decode(answer)
    assert (found["error"]["code"], text in found["error"]["text"]) == (code, True), found
    assert code in REFUSALS
    assert len(found["error"]["text"]) < 600
    assert "\n" not in found["error"]["text"]


def test_an_error_says_which_command_it_was(service: Service, client: zmq.Socket) -> None:
    answer = json.loads(ask(service, client, b'{"id": "a", "do": [{"cmd": "list"}, {"cmd": "nope"}]}'))
    assert (answer["id"], answer["error"]["at"]) == ("a", 1)


def test_several_frames_are_no_request(service: Service, client: zmq.Socket) -> None:
    client.send_multipart([b"{}", b"{}", b"{}"])
    service.work(5.0, client)
    assert msgspec.msgpack.decode(client.recv(zmq.DONTWAIT))["error"]["code"] == 400


def test_one_client_can_have_only_so_many_under_way(service: Service, client: zmq.Socket) -> None:
    service.waits = True
    for _ in range(UNDER_WAY + 10):
        client.send(b'{"do": [{"cmd": "list"}]}')
    other = connect(service.router.address)
    other.send(b'{"do": [{"cmd": "list"}]}')
    service.work(0.5)
    refused = [json.loads(client.recv(zmq.DONTWAIT)) for _ in range(10)]
    assert {one["error"]["code"] for one in refused} == {429}
    assert not client.poll(0)
    assert len(service.waiting) == UNDER_WAY + 1, "the other one's is taken"
    for answer in service.waiting:
        answer()
    service.waits = False
    assert other.poll(1000)
    assert [json.loads(client.recv())["ok"] for _ in range(UNDER_WAY)] == [True] * UNDER_WAY
    assert json.loads(ask(service, client, b'{"do": []}'))["ok"]
    other.close()


def test_answers_come_as_the_requests_are_done(service: Service, client: zmq.Socket) -> None:
    service.waits = True
    for k in range(2):
        client.send(json.dumps(LIST | {"id": k}).encode())
        service.work(0.2)
    service.waiting[1]()
    service.waiting[0]()
    assert client.poll(1000)
    assert [json.loads(client.recv())["id"] for _ in range(2)] == [1, 0]


def test_one_that_goes_or_does_not_read_harms_nobody(service: Service, client: zmq.Socket) -> None:
    service.waits = True
    gone, deaf = connect(service.router.address), connect(service.router.address)
    gone.send(b'{"do": [{"cmd": "list"}]}')
    service.work(0.3)
    gone.close()
    service.waits = False
    for answer in service.waiting:
        answer()
    for _ in range(3000):
        deaf.send(b'{"do": [{"cmd": "list"}]}')
    service.work(1.0)
    assert json.loads(ask(service, client, b'{"do": []}'))["ok"]
    deaf.close()


def test_one_that_sends_far_too_much_is_cut_off(service: Service, client: zmq.Socket) -> None:
    huge = connect(service.router.address)
    huge.send(b"x" * (CUT_OFF_BYTES + 1))
    service.work(0.5)
    assert not huge.poll(0)
    assert json.loads(ask(service, client, b'{"do": []}'))["ok"]
    huge.close()


def test_garbage_is_answered_and_the_next_request_is_served(tmp_path) -> None:
    rig = Rig()
    engine = rig.start()
    rig.do({"cmd": "chain_add", "chain": "a"}, {"cmd": "add", "chain": "a", "plugin": "comp", "name": "comp"})
    router = Router(
        f"ipc://{tmp_path}/fuzz", decode, lambda commands, reply, check: rig.desk.submit(commands, reply, check=check)
    )
    client = connect(router.address)
    chance = random.Random(3)
    requests = [garbage(chance) for _ in range(3000)]
    answered = 0
    for number in range(0, len(requests), 50):
        for request in requests[number : number + 50]:
            client.send(request)
        ends_at = time.monotonic() + 10
        want = answered + 50
        while answered < want and time.monotonic() < ends_at:
            if router.socket.poll(1):
                router.turn()
            rig.settle()
            while client.poll(0):
                found = client.recv()
                answer = (msgspec.json if found[:1] == b"{" else msgspec.msgpack).decode(found)
                assert answer.get("ok") or answer["error"]["code"] in REFUSALS
                assert answer.get("error", {}).get("code") != 500, answer
                answered += 1
        assert answered == want, requests[number : number + 50]
    assert "comp" in {slot.name for _, slot in rig.desk.book.document.slots()} or engine.orders
    router.close()
    rig.desk.close()
    client.close()


def garbage(chance: random.Random) -> bytes:
    """Noise, a request with a byte turned, or one whose commands have arguments of any kind."""
    module = chance.choice([msgspec.json, msgspec.msgpack])
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(200))
    do = [command(chance) for _ in range(chance.randrange(4))]
    packed = bytearray(module.encode({"id": anything(chance), "do": do, "check": chance.random() < 0.1}))
    if chance.random() < 0.3:
        packed[chance.randrange(len(packed))] ^= 1 << chance.randrange(8)
    return bytes(packed)


def command(chance: random.Random) -> Any:
    if chance.random() < 0.05:
        return anything(chance)
    cmd = chance.choice([name for name in NAMES if name not in ("load", "save")])
    likely = {
        "plugin": ["comp", "two", "fake:broken", "nope", ""],
        "chain": ["a", "b", "main", ""],
        "to": ["main", "a", "b"],
        "side": ["", "a", "input"],
        "param": ["thr", "mode", "no"],
        "name": ["two", "", "x/y"],
        "snapshot": ["x", 1, 99],
        "by": ["comp", "fake:broken"],
    }
    fields = NAMES[cmd].__struct_fields__
    chosen = {name: chance.choice(likely.get(name, [anything(chance)])) for name in fields if chance.random() < 0.8}
    return {"cmd": cmd} | {name: value if chance.random() < 0.9 else anything(chance) for name, value in chosen.items()}


def anything(chance: random.Random) -> Any:
    return chance.choice(
        [
            None,
            True,
            0,
            1,
            -1,
            2**40,
            0.5,
            -1e300,
            "",
            "comp",
            "\u2028" * 3,
            [],
            [[]],
            {},
            {"to": "a"},
            {"a": [1]},
            "x" * 500,
        ]
    )


@pytest.mark.parametrize(
    "address", ["tcp://*:5551", "tcp://0.0.0.0:1", "tcp://192.168.1.2:5551", "tcp://example.org:5551", "tcp://[::]:9"]
)
def test_other_machines_are_kept_out(address: str) -> None:
    with pytest.raises(BindError, match=r"control\.address: .* could be reached by other machines.*CURVE"):
        Router(address, decode, lambda *_: None)


@pytest.mark.parametrize("address", ["5551", "udp://127.0.0.1:1", "tcp://127.0.0.1:99999", "tcp://127.0.0.1", "ipc://"])
def test_a_place_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BindError, match=r"control\.address: .* is no place; give tcp://"):
        Router(address, decode, lambda *_: None)


def test_a_busy_port_is_one_clear_line() -> None:
    first = Router("tcp://127.0.0.1:*", decode, lambda *_: None)
    with pytest.raises(BindError, match=r"control\.address: cannot listen on .* another jamd"):
        Router(first.address, decode, lambda *_: None)
    first.close()


def test_every_command_says_what_it_is() -> None:
    for name, kind in NAMES.items():
        assert kind.__doc__, name
        with pytest.raises(Refused) as caught:
            decode(msgspec.json.encode({"cmd": name, "nonsense": 1}), True)
        assert "nonsense" in str(caught.value)
